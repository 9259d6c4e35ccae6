package templates_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passmill/jobs"
	"passmill/render"
	"passmill/templates"
)

func pngFile(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folder makes a file system of texts; "png" stands for a small image.
func folder(t testing.TB, files map[string]string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		data := []byte(text)
		if text == "png" {
			data = pngFile(t, 58, 58)
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	return fsys
}

const cardJSON = `{"description": "Card", "organizationName": "Club", "expirationDate": "$$Until",
	"storeCard": {"primaryFields": [{"key": "name", "label": "hello", "value": "$$Name"}]},
	"barcodes": [{"format": "PKBarcodeFormatQR", "message": "$$MemberID", "messageEncoding": "utf-8"}]}`

const cardYAML = `description: A card
activeFrom: 2026-01-01T00:00:00+01:00
timeZone: Europe/Berlin
fields:
  MemberID: {type: text, maxLength: 20, note: "On the card"}
  Until: {type: date, format: dd.MM.yyyy, at: "23:59:59", optional: true}
  Greeting:
    languages: [de]
    required: false
`

func card(t testing.TB) map[string]string {
	return map[string]string{
		"template.json": cardJSON, "template.yaml": cardYAML, "icon@2x.png": "png",
		"de.lproj/pass.strings": `"hello" = "Hallo $$Greeting";`, "en.lproj/pass.strings": `"hello" = "Hello";`,
		".DS_Store": "x", "README.md": "x", "de.lproj/Thumbs.db": "x",
	}
}

func TestLoad(t *testing.T) {
	tmpl, err := templates.Load(folder(t, card(t)), "card")
	if err != nil {
		t.Fatal(err)
	}
	want := []jobs.Field{
		{Name: "MemberID", Type: jobs.TypeText, MaxLength: 20, Note: "On the card"},
		{Name: "Until", Type: jobs.TypeDate, Format: "dd.MM.yyyy", At: "23:59:59", Optional: true, TimeZone: "Europe/Berlin"},
		{Name: "Greeting", Type: jobs.TypeText, Optional: true, Languages: []string{"de"}},
		{Name: "Name", Type: jobs.TypeText},
	}
	if diff := cmp.Diff(want, tmpl.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got := tmpl.ActiveFrom.UTC(); got != time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC) {
		t.Errorf("active from %v", got)
	}
	if len(tmpl.Files) != 5 || len(tmpl.Images) != 1 || tmpl.Description != "A card" {
		t.Errorf("got %d files, %d images, description %q", len(tmpl.Files), len(tmpl.Images), tmpl.Description)
	}
	compiled, constant, err := tmpl.Compile(render.Identity{TypeID: "pass.x", TeamID: "T"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Until", "Name", "MemberID", "Greeting", "Greeting@de"}, compiled.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if len(constant) != 2 || constant["icon@2x.png"] == nil || constant["en.lproj/pass.strings"] == nil {
		t.Errorf("got %d constant files, want the icon and the English strings", len(constant))
	}
}

// TestVersion checks that everything that passes are made of is in the version,
// and that a template can be loaded from what it keeps.
func TestVersion(t *testing.T) {
	tmpl, err := templates.Load(folder(t, card(t)), "card")
	if err != nil {
		t.Fatal(err)
	}
	kept := fstest.MapFS{}
	for name, data := range tmpl.Files {
		kept[name] = &fstest.MapFile{Data: data}
	}
	again, err := templates.Load(kept, "other name")
	if err != nil || again.Version != tmpl.Version {
		t.Errorf("loaded again from its files: version %x, want %x (%v)", again.Version, tmpl.Version, err)
	}
	seen := map[jobs.Hash]string{tmpl.Version: "unchanged"}
	for name, text := range map[string]string{
		"template.json": cardJSON + " ", "template.yaml": cardYAML + "# ", "icon@3x.png": "png", "de.lproj/pass.strings": `"hello" = "$$Greeting";`,
	} {
		files := card(t)
		files[name] = text
		changed, err := templates.Load(folder(t, files), "card")
		if err != nil {
			t.Fatal(err)
		}
		if other, same := seen[changed.Version]; same {
			t.Errorf("a change of %s gives the version of %s", name, other)
		}
		seen[changed.Version] = name
	}
}

// TestLoadReportsEverything checks that one run names every mistake.
func TestLoadReportsEverything(t *testing.T) {
	huge := pngFile(t, 1, 1)
	binary.BigEndian.PutUint32(huge[16:], 1<<20) // width and height, in the first chunk
	binary.BigEndian.PutUint32(huge[20:], 1<<20)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	damaged := pngFile(t, 100, 100)
	fsys := folder(t, map[string]string{
		"template.json":       "{\"a\": \"$$\",\n\"webServiceURL\": \"$$X\",}",
		"template.yaml":       "feilds:\n  A: {}\ntimeZone: Berlin\nfields:\n  A: {typ: text}\n  B: {type: strin}\n",
		"pass.json":           "{}",
		"signature":           "",
		"icon.jpg":            "",
		"log.png":             "png",
		"logo@2x.png":         "\xff\xd8\xff",
		"strip.png":           string(huge),
		"thumbnail.png":       string(damaged[:len(damaged)-20]),
		"background.png":      strings.Repeat("x", 2<<20+1),
		"images/icon.png":     "png",
		"de.lproj/de.strings": "",
		"fr.lproj/pass.strings": `"a" = "1";
"a" = "2"; "b" = "$$";`,
		"notes.txt": "",
	})
	_, err := templates.Load(fsys, "bad")
	if err == nil {
		t.Fatal("a folder full of mistakes was taken")
	}
	for _, want := range []string{
		"template.json:1:7: $$ is not followed by a name",
		"template.json:2:23: a comma too many",
		"template.yaml:1:1: unknown key \"feilds\"; was \"fields\" meant?",
		"template.yaml:3:11: \"Berlin\" is no time zone",
		"template.yaml:5:7: unknown key \"typ\"; was \"type\" meant?",
		"template.yaml:6:13: unknown type \"strin\"",
		"fr.lproj/pass.strings:2:1: the key \"a\" stands twice",
		"pass.json: call it template.json",
		"signature: remove it",
		"icon.jpg: images are PNG files; save it as icon.png",
		"log.png: no image of a pass is called so; was logo.png meant?",
		"logo@2x.png: no PNG file",
		"strip.png: has 1048576×1048576 pixels",
		"thumbnail.png: damaged",
		"background.png: larger than 2048 KiB",
		"images: no folder belongs here",
		"de.lproj/de.strings: strings belong in a folder",
		"notes.txt: nothing of a template is called so",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

// TestLoadBounds checks that a folder that is no template is left soon.
func TestLoadBounds(t *testing.T) {
	fsys := fstest.MapFS{"template.json": {Data: []byte("{}")}, "icon.png": {Mode: fs.ModeNamedPipe}}
	if _, err := templates.Load(fsys, "pipe"); err == nil || !strings.Contains(err.Error(), "icon.png: no plain file") {
		t.Errorf("a pipe: got error %v", err)
	}
	for i := range 600 {
		fsys[fmt.Sprint(i)] = &fstest.MapFile{}
	}
	if _, err := templates.Load(fsys, "many"); err == nil || !strings.Contains(err.Error(), "more than 500 files") {
		t.Errorf("600 files: got error %v", err)
	}
}

func TestLoadWithoutJSON(t *testing.T) {
	_, err := templates.Load(fstest.MapFS{}, "empty")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "template.json") {
		t.Errorf("got error %v, want that template.json does not exist", err)
	}
}

func TestStarters(t *testing.T) {
	starters := templates.Starters()
	var names []string
	for _, s := range starters {
		names = append(names, s.Name)
		if s.Description == "" {
			t.Errorf("starter %s has no description", s.Name)
		}
		tmpl, err := templates.Open(s.Name, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if found := templates.Lint(tmpl); len(found) > 0 {
			t.Errorf("starter %s: %v", s.Name, found)
		}
	}
	if diff := cmp.Diff([]string{"boardingpass", "coupon", "eventticket", "generic", "storecard"}, names); diff != "" {
		t.Errorf("starters (-want +got):\n%s", diff)
	}
}

// TestOpenShadows checks that a folder comes before the starter of its name.
func TestOpenShadows(t *testing.T) {
	dir := t.TempDir()
	if err := templates.Write("coupon", filepath.Join(dir, "storecard")); err != nil {
		t.Fatal(err)
	}
	embedded, err := templates.Open("storecard", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	mine, err := templates.Open("storecard", dir)
	if err != nil {
		t.Fatal(err)
	}
	coupon, err := templates.Open("coupon", dir)
	if err != nil {
		t.Fatal(err)
	}
	if mine.Version != coupon.Version || mine.Version == embedded.Version {
		t.Errorf("Open took the starter, not the folder of that name")
	}
	if _, err := templates.Open("stroecard", dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "storecard") {
		t.Errorf("got error %v, want one that lists the starters", err)
	}
}

func TestWriteRefusesToOverwrite(t *testing.T) {
	dir := t.TempDir()
	if err := templates.Write("generic", dir); err != nil {
		t.Fatalf("into an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "template.json"), []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := templates.Write("generic", dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got error %v, want %v", err, fs.ErrExist)
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "template.json")); string(data) != "mine" {
		t.Error("the user's file was overwritten")
	}
	if err := templates.Write("nothing", t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown starter: got error %v", err)
	}
}

// TestFoldingAgrees checks that placeholders and column headers are compared in
// one way, though render and jobs don't know each other.
func TestFoldingAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-zÄİß _\-\x{a0}@.]{0,12}`)).Draw(t, "name")
		if a, b := render.FoldName(name), jobs.FoldName(name); a != b {
			t.Fatalf("%q is %q to render and %q to jobs", name, a, b)
		}
	})
}

// TestNearnessAgrees checks that a misspelled key and a misspelled field are
// mended in one way, for the same reason.
func TestNearnessAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-cA-C]{0,9}`)
		w, candidates := word.Draw(t, "word"), rapid.SliceOf(word).Draw(t, "candidates")
		if a, b := render.Nearest(w, candidates), jobs.Nearest(w, candidates); a != b {
			t.Fatalf("%q means %q to render and %q to jobs, of %q", w, a, b, candidates)
		}
	})
}

// TestRestore checks that what is kept of a template makes the very same one, and
// that what is damaged is told.
func TestRestore(t *testing.T) {
	for _, s := range templates.Starters() {
		first, err := templates.Open(s.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		again, err := templates.Restore(first.Files, first.Name)
		if err != nil {
			t.Fatal(err)
		}
		if again.Version != first.Version || again.Name != first.Name || !slices.EqualFunc(again.Fields, first.Fields, func(a, b jobs.Field) bool { return a.Name == b.Name && a.Type == b.Type }) || len(again.Images) != len(first.Images) {
			t.Errorf("%s was restored as another", s.Name)
		}
	}
	if _, err := templates.Restore(map[string][]byte{"template.json": []byte("{")}, "x"); err == nil {
		t.Error("damaged files made a template")
	}
}
