//go:build unix

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"image/png"
	"os"
	"strings"
	"testing"

	"passmill/jobs"
	"passmill/jobs/picture"
	"passmill/render/preflight"
)

// ownImages lets the rows of the job bring an image in a slot: in a column Own.
func (s *sandbox) ownImages(slot string) {
	s.t.Helper()
	if code, _, stderr := s.run("template", "new", "storecard", s.path("card")); code != exitDone {
		s.t.Fatal(stderr)
	}
	s.write("card/template.yaml", mustRead(s.t, s.path("card/template.yaml"))+"  Own: {type: image, slot: "+slot+", optional: true}\n")
	s.write("members.yaml", strings.Replace(mustRead(s.t, s.path("members.yaml")), "template: storecard", "template: card", 1))
}

func (s *sandbox) photo(name string, width, height, number int) {
	s.t.Helper()
	data, err := encoded(name, photo(width, height, number))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name, string(data))
}

// TestPreparedSizes checks that what is made of any image has a size that Apple's
// pages name for its slot.
func TestPreparedSizes(t *testing.T) {
	pass := []byte(`{"formatVersion":1,"passTypeIdentifier":"p","teamIdentifier":"T","serialNumber":"S","description":"d","organizationName":"o","eventTicket":{}}`)
	for _, size := range [][2]int{{1600, 1200}, {600, 800}, {1000, 150}, {150, 1000}, {64, 64}} {
		data, err := encoded("a.png", photo(size[0], size[1], 1))
		if err != nil {
			t.Fatal(err)
		}
		for _, slot := range jobs.ImageSlots {
			made, _ := picture.Prepare(data, slot)
			files := &preflight.Files{Names: []string{"icon@2x.png"}, Images: []preflight.Image{{Name: "icon@2x.png"}}}
			for i, name := range jobs.ImageFiles(slot) {
				if made.Files[i] == nil {
					continue
				}
				config, err := png.DecodeConfig(bytes.NewReader(made.Files[i]))
				if err != nil {
					t.Fatal(err)
				}
				files.Names = append(files.Names, name)
				files.Images = append(files.Images, preflight.Image{Name: name, Width: config.Width, Height: config.Height})
			}
			for _, f := range preflight.Check(pass, files) {
				tiny := slot == "primaryLogo" || slot == "secondaryLogo" // a narrow image can't become a wide one
				if f.Rule.ID == "image-size" && !(tiny && size[0] <= size[1]) {
					t.Errorf("%s of %v: %s %s", slot, size, f.Path, f.Message)
				}
			}
		}
	}
}

// forget changes the sandbox's ledger behind its back.
func (s *sandbox) forget(query string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", s.path("passmill.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		s.t.Fatal(err)
	}
}

// TestFrozenImages checks that pressing asks for no file: a run that was killed
// after its import goes on with the images as they were, and the next one sees
// what has changed.
func TestFrozenImages(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 0, database(t))
			s.ownImages("strip")
			s.rows = 60
			var b strings.Builder
			b.WriteString("MemberID,FirstName,LastName,Own\n")
			for i := range s.rows {
				fmt.Fprintf(&b, "M%05d,Ada,Lovelace,%d.png\n", i, i)
				s.photo(fmt.Sprint(i, ".png"), 375, 144, i)
			}
			s.write("members.csv", b.String())
			if out, err := s.command([]string{"FAULT=ledger.commit.commit:1:exit"}, "make", "members.yaml").CombinedOutput(); err == nil {
				t.Fatalf("the fault point was not reached\n%s", out)
			}
			for i := range s.rows {
				if err := os.Remove(s.path(fmt.Sprint(i, ".png"))); err != nil {
					t.Fatal(err)
				}
			}
			if code, stdout, stderr := s.run("make", "--json", s.path("members.yaml")); code != exitDone || !strings.Contains(stdout, `"run":1,"rows":60,"made":60`) {
				t.Fatalf("without the files: got %d, %s%s", code, stdout, stderr)
			}
			if code, stdout, _ := s.run("fsck", "--root", s.path("root.pem"), s.path("members.yaml")); code != exitDone {
				t.Errorf("fsck: %s", stdout)
			}
			if code, stdout, _ := s.run("make", "--json", s.path("members.yaml")); code != exitPartly || !strings.Contains(stdout, `"made":0,"unchanged":0,"refused":60`) {
				t.Errorf("the next run: got %d, %s", code, stdout)
			}
			if n := len(s.files()); n != 60 {
				t.Errorf("%d files are left of 60", n)
			}
		})
	}
}

// TestLostImage checks that a row whose image the ledger has lost is refused, and
// mended by the next run.
func TestLostImage(t *testing.T) {
	s := newSandbox(t, 0, "")
	s.ownImages("logo")
	s.photo("a.png", 40, 20, 1)
	s.write("members.csv", "MemberID,FirstName,LastName,Own\nM1,Ada,Lovelace,a.png\nM2,Bob,Lovelace,\n")
	if out, err := s.command([]string{"FAULT=ledger.imported.committed:1:exit"}, "make", "members.yaml").CombinedOutput(); err == nil {
		t.Fatalf("the fault point was not reached\n%s", out)
	}
	s.forget(`DELETE FROM images`)
	if code, stdout, stderr := s.run("make", "--json", s.path("members.yaml")); code != exitPartly || !strings.Contains(stdout, `"made":1,"unchanged":0,"refused":1`) || !strings.Contains(stderr, "the ledger has lost its image") {
		t.Errorf("got %d, %s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := s.run("make", "--json", s.path("members.yaml")); code != exitDone || !strings.Contains(stdout, `"made":1,"unchanged":1,"refused":0`) {
		t.Errorf("mended: got %d, %s%s", code, stdout, stderr)
	}
}
