package main

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/xuri/excelize/v2"

	"passmill/sign/signtest"
	"passmill/templates"
)

// benchColumns are the columns of the rows that the bench makes: what the store
// card takes, and a few that it does not use, fifteen in all.
var benchColumns = []string{
	"MemberID", "FirstName", "LastName", "Email", "Tier", "Points", "Balance", "HomeStore", "JoinedOn", "ValidUntil",
	"Street", "City", "Country", "Phone", "Remark",
}

func benchRow(i int) []string {
	return []string{
		fmt.Sprintf("M-%07d", i), "Given" + fmt.Sprint(i%977), "Family" + fmt.Sprint(i%1009), fmt.Sprintf("m%d@example.com", i),
		"Gold", fmt.Sprint(i % 20000), fmt.Sprintf("%d.%02d", i%300, i%100), "Kreuzberg", "2020-05-17", "",
		"Main Street " + fmt.Sprint(i%500), "Berlin", "DE", "+49 30 1234567", "",
	}
}

// writeBenchJob writes a workspace whose source, csv or xlsx, has so many rows.
func writeBenchJob(dir string, issued *signtest.Issued, rows int, kind string) (file string, err error) {
	if err := templates.Write("storecard", filepath.Join(dir, "template")); err != nil {
		return "", err
	}
	if err := writeBenchImages(filepath.Join(dir, "template")); err != nil {
		return "", err
	}
	p12, err := issued.P12(signtest.Modern, "bench")
	if err != nil {
		return "", err
	}
	job := fmt.Sprintf(`name: bench
template: template
source: {file: rows.%s}
serial: MemberID
certificate: {p12: pass.p12, passwordFile: password.txt}
output: {dir: out, name: "{hash:2}/{serial}.pkpass"}
`, kind)
	file = filepath.Join(dir, "bench.yaml")
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "pass.p12"), p12, 0o600),
		os.WriteFile(filepath.Join(dir, "password.txt"), []byte("bench\n"), 0o600),
		os.WriteFile(file, []byte(job), 0o644),
	)
	if err != nil {
		return "", err
	}
	write := writeBenchCSV
	if kind == "xlsx" {
		write = writeBenchWorkbook
	}
	return file, write(filepath.Join(dir, "rows."+kind), rows)
}

// writeBenchImages puts images of 30 KB in all in the place of the starter's:
// noise, since it can't be compressed and so is what photographs cost.
func writeBenchImages(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same images each time
	for name, size := range map[string]int{"icon.png": 29, "icon@2x.png": 38, "logo.png": 40, "logo@2x.png": 57, "strip.png": 84} {
		img := image.NewNRGBA(image.Rect(0, 0, size, size*2/3))
		for i := range img.Pix {
			img.Pix[i] = byte(random.IntN(256))
		}
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 0xff
		}
		if err := writePNG(filepath.Join(dir, name), img); err != nil {
			return err
		}
	}
	return nil
}

func writePNG(name string, img image.Image) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return png.Encode(f, img)
}

func writeBenchCSV(name string, rows int) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, strings.Join(benchColumns, ","))
	for i := range rows {
		io.WriteString(w, strings.Join(benchRow(i), ",")+"\n") //nolint:errcheck // Flush tells
	}
	return w.Flush()
}

func writeBenchWorkbook(name string, rows int) error {
	book := excelize.NewFile()
	defer book.Close()
	out, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	for i := -1; i < rows; i++ {
		cells := make([]any, len(benchColumns))
		texts := benchColumns
		if i >= 0 {
			texts = benchRow(i)
		}
		for j, text := range texts {
			cells[j] = text
		}
		if err := out.SetRow(fmt.Sprintf("A%d", i+2), cells); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return book.SaveAs(name)
}
