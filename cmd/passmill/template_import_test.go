package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
	"passmill/render"
)

// realPasses lists the passes of others, packed and in folders.
func realPasses(t *testing.T) (found []string) {
	t.Helper()
	for _, dir := range []string{"../../sign/verify/testdata/passes", "../../templates/intake/testdata/passes"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err == nil && (ext == ".pkpass" || ext == ".pass") {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 16 {
		t.Fatalf("found %d passes, want all 16", len(found))
	}
	return found
}

// unmade are passes whose pass.json no phone takes, so that no job makes them.
// They are compared as they are filled, short of being signed.
var unmade = map[string]string{
	"exampleBooking.pass":       "transitType: is missing",
	"semanticBoardingPass.pass": "transitType: is missing",
}

// TestImportRealPasses imports passes of others and makes them again from their
// own values: what comes out is equal in content.
func TestImportRealPasses(t *testing.T) {
	for _, pass := range realPasses(t) {
		t.Run(filepath.Base(pass), func(t *testing.T) {
			s := newSandbox(t, 0, "")
			code, stdout, stderr := s.run("template", "import", pass, s.path("card"))
			if code != exitDone {
				t.Fatalf("got %d: %s%s", code, stdout, stderr)
			}
			original := readPass(t, pass)
			s.giveIcon(original)
			var made map[string][]byte
			if why := unmade[filepath.Base(pass)]; why != "" {
				made = s.refill(stdout, why)
			} else {
				made = s.remake(stdout)
			}
			comparePasses(t, original, made, strings.Contains(stdout, "mended: serialNumber: "))
		})
	}
}

// giveIcon puts an icon into a template whose pass had none: without one, no
// phone takes a pass, and no job makes it.
func (s *sandbox) giveIcon(original map[string][]byte) {
	s.t.Helper()
	for name := range original {
		if strings.HasPrefix(filepath.Base(name), "icon") {
			return
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 76, 76))); err != nil {
		s.t.Fatal(err)
	}
	s.write("card/icon@2x.png", b.String())
}

// job writes the job of the one row that the import has written.
func (s *sandbox) job(stdout string) {
	s.t.Helper()
	_, serial, _ := strings.Cut(stdout, "serial: ")
	serial, _, _ = strings.Cut(serial, "\n")
	s.write("again.yaml", fmt.Sprintf("template: card\nsource: {file: card.csv}\nserial: %s\n"+
		"certificate: {p12: pass.p12, passwordFile: password.txt}\noutput: {dir: out}\n", serial))
}

// remake makes the pass, and returns its files.
func (s *sandbox) remake(stdout string) map[string][]byte {
	s.t.Helper()
	s.job(stdout)
	code, stdout, stderr := s.run("make", s.path("again.yaml"))
	if code != exitDone {
		s.t.Fatalf("make: got %d: %s%s", code, stdout, stderr)
	}
	files := s.files()
	if len(files) != 1 {
		s.t.Fatalf("got %d passes, want 1: %s", len(files), stdout)
	}
	data := slices.Collect(maps.Values(files))[0]
	pass, err := unpack(data)
	if err != nil {
		s.t.Fatal(err)
	}
	return pass
}

// refill wants that no pass is made, for one reason, and returns what would be
// signed.
func (s *sandbox) refill(stdout, why string) map[string][]byte {
	s.t.Helper()
	s.job(stdout)
	code, _, stderr := s.run("make", s.path("again.yaml"))
	if code != exitNotDone || !strings.Contains(stderr, why) || strings.Count(stderr, "refused: ") != 1 {
		s.t.Fatalf("make: got %d: %s", code, stderr)
	}
	w, err := openJob(s.t.Context(), s.path("again.yaml"), "", false)
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.close()
	files := maps.Clone(w.filler.constant)
	for row, err := range w.source.Rows(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		values := make([]jobs.Value, len(w.schema.Fields))
		if problems := w.schema.Read(row, values); len(problems) > 0 {
			s.t.Fatal(problems)
		}
		contents, err := w.filler.fill(values, values[w.schema.Index(w.job.Serial)].Text)
		if err != nil {
			s.t.Fatal(err)
		}
		for i, name := range w.filler.compiled.Files() {
			files[name] = contents[i]
		}
	}
	return files
}

// readPass returns the files of a packed pass, or of one in a folder.
func readPass(t *testing.T, name string) map[string][]byte {
	t.Helper()
	if filepath.Ext(name) == ".pkpass" {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files, err := unpack(data)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	files := make(map[string][]byte)
	entries, err := os.ReadDir(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(name, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// comparePasses wants equal contents, but for what passmill sets. The serial
// number of a pass without one is new.
func comparePasses(t *testing.T, original, made map[string][]byte, newSerial bool) {
	t.Helper()
	want, got := content(t, original["pass.json"]), content(t, made["pass.json"])
	if newSerial {
		delete(got, "serialNumber")
		delete(want, "serialNumber")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pass.json (-original +made again):\n%s", diff)
	}
	for _, name := range slices.Sorted(maps.Keys(original)) {
		switch filepath.Ext(name) {
		case ".png":
			if !bytes.Equal(original[name], made[name]) {
				t.Errorf("%s differs", name)
			}
		case ".strings":
			if diff := cmp.Diff(translations(t, original[name]), translations(t, made[name])); diff != "" {
				t.Errorf("%s (-original +made again):\n%s", name, diff)
			}
		}
	}
}

// content decodes pass.json, with all digits of its numbers, but for what
// passmill sets in every pass.
func content(t *testing.T, data []byte) (pass map[string]any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&pass); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"passTypeIdentifier", "teamIdentifier", "webServiceURL", "authenticationToken", "formatVersion"} {
		delete(pass, key)
	}
	return pass
}

func translations(t *testing.T, data []byte) map[string]string {
	t.Helper()
	entries, err := render.ParseStrings("pass.strings", data)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, e := range entries {
		all[e.Key] = e.Value
	}
	return all
}
