package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// photo draws something that no two numbers have in common: a gradient with a
// few circles, such as a photo without its noise.
func photo(width, height, number int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{uint8(255 * x / width), uint8(255 * y / height), uint8(40 * number), 255}
			dx, dy := x-width*(1+number%5)/6, y-height/3
			if r := min(width, height) / 4; dx*dx+dy*dy < r*r {
				c = color.RGBA{uint8(200 + number), uint8(160 + number/3), 120, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// encoded returns an image as a file whose format the name tells.
func encoded(name string, img image.Image) ([]byte, error) {
	var b bytes.Buffer
	if strings.HasSuffix(name, ".png") {
		err := png.Encode(&b, img)
		return b.Bytes(), err
	}
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85})
	return b.Bytes(), err
}

// scriptPhoto draws a photo: photo FILE WIDTH HEIGHT NUMBER.
func scriptPhoto(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: photo FILE WIDTH HEIGHT NUMBER")
	}
	var n [3]int
	for i := range n {
		var err error
		n[i], err = strconv.Atoi(args[i+1])
		ts.Check(err)
	}
	data, err := encoded(args[0], photo(n[0], n[1], n[2]))
	ts.Check(err)
	writeFile(ts, args[0], data)
}

// scriptImages wants images in a pass, each with its pixels: images PASS
// NAME=WIDTHxHEIGHT …. No other image of the slots named may be there.
func scriptImages(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: images PASS NAME=WIDTHxHEIGHT …")
	}
	files, err := unpack([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	want := map[string]bool{}
	for _, arg := range args[1:] {
		name, size, _ := strings.Cut(arg, "=")
		want[name] = true
		if size == "none" {
			if files[name] != nil {
				ts.Fatalf("%s holds %s", args[0], name)
			}
			continue
		}
		config, err := png.DecodeConfig(bytes.NewReader(files[name]))
		if got := fmt.Sprintf("%dx%d", config.Width, config.Height); err != nil || got != size {
			ts.Fatalf("%s of %s: %s (%v), want %s", name, args[0], got, err, size)
		}
	}
	for name := range files {
		for wanted := range want {
			slot, _, _ := strings.Cut(strings.TrimSuffix(wanted, ".png"), "@")
			if (name == slot+".png" || strings.HasPrefix(name, slot+"@")) && !want[name] {
				ts.Fatalf("%s holds %s as well", args[0], name)
			}
		}
	}
}

// scriptUnpack puts a file of a pass into a file: unpack PASS NAME FILE.
func scriptUnpack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: unpack PASS NAME FILE")
	}
	data := []byte(ts.ReadFile(args[0]))
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	ts.Check(err)
	f, err := z.Open(args[1])
	ts.Check(err)
	content, err := io.ReadAll(f)
	ts.Check(err)
	writeFile(ts, args[2], content)
}

// writeFile writes a file of a script, and the folder that it needs.
func writeFile(ts *testscript.TestScript, name string, data []byte) {
	name = ts.MkAbs(name)
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o755))
	ts.Check(os.WriteFile(name, data, 0o600))
}
