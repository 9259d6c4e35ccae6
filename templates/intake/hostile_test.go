package intake_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passmill/templates/intake"
)

// A fataler is any kind of test.
type fataler interface{ Fatal(...any) }

// raw makes an archive of headers and contents, in their order, however odd.
func raw(t fataler, entries ...any) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		h, ok := entries[i].(*zip.FileHeader)
		if !ok {
			h = &zip.FileHeader{Name: entries[i].(string), Method: zip.Deflate}
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, entries[i+1].(string)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRefused(t *testing.T) {
	const pass = `{"generic": {}}`
	many := []any{"pass.json", pass}
	for i := range 1000 {
		many = append(many, fmt.Sprint("x", i), "")
	}
	images := []any{"pass.json", pass}
	bomb := string(announced(10_000, 1_700))
	for i := range 7 {
		images = append(images, fmt.Sprintf("%c%c.lproj/icon.png", 'a'+i, 'a'), bomb)
	}
	large, long := []any{"pass.json", pass}, []any{"pass.json", pass}
	for i := range 499 {
		name := fmt.Sprintf("%c%c.lproj/pass.strings", 'a'+i/26, 'a'+i%26)
		long = append(long, name, `"a" = "b";`)
		if i < 257 {
			large = append(large, name, strings.Repeat(" ", 256<<10))
		}
	}
	encrypted := raw(t, "pass.json", pass)
	for _, at := range []int{6, bytes.Index(encrypted, []byte("PK\x01\x02")) + 8} {
		encrypted[at] |= 1
	}
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"no archive":      {[]byte("hello"), "no whole zip archive"},
		"a cut archive":   {raw(t, "pass.json", pass)[:60], "no whole zip archive"},
		"a pass.json":     {[]byte(" " + pass), "looks like a pass.json"},
		"no pass":         {raw(t, "icon.png", ""), "holds no pass.json"},
		"a bundle":        {raw(t, "one.pkpass", ""), "unpack it and import one of its passes"},
		"two passes":      {raw(t, "a/pass.json", pass, "b/pass.json", pass), "holds 2 passes"},
		"twice":           {raw(t, "pass.json", pass, "pass.json", pass), "twice"},
		"twice by case":   {raw(t, "pass.json", pass, "de.lproj/icon.png", "", "DE.lproj/icon.png", ""), "twice"},
		"out of it":       {raw(t, "pass.json", pass, "../icon.png", "x"), "leads out"},
		"far out of it":   {raw(t, "pass.json", pass, "de.lproj/../../../icon.png", "x"), "leads out"},
		"the root":        {raw(t, "pass.json", pass, "/etc/icon.png", "x"), "leads out"},
		"a backslash":     {raw(t, "pass.json", pass, `de.lproj\icon.png`, "x"), "backslash"},
		"a NUL":           {raw(t, "pass.json", pass, "icon.png\x00.txt", "x"), "no text"},
		"a bomb":          {raw(t, "pass.json", pass, "icon.png", strings.Repeat("\x00", 8<<20)), "times its size"},
		"a bomb aside":    {raw(t, "pass.json", pass, "x.bin", strings.Repeat("\x00", 8<<20)), "times its size"},
		"many files":      {raw(t, many...), "more than 1000 files"},
		"a large archive": {make([]byte, 64<<20+1), "more than 64 MiB"},
		"large together":  {raw(t, large...), "more than 64 MiB together"},
		"many of a kind":  {raw(t, long...), "more than 498 images and strings files"},
		"many pixels":     {raw(t, images...), "million pixels together"},
		"a large pass":    {raw(t, "pass.json", strings.Repeat(" x", 140<<10)), "larger than 256 KiB"},
		"encrypted":       {encrypted, "encrypted"},
		"a damaged image": {damaged(t), "icon.png"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := intake.Parse(test.data); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	for text, want := range map[string]string{`[]`: "JSON object", `{"a" 1}`: "pass.json:1:6", strings.Repeat("[", 100): "nested deeper"} {
		p, err := intake.Parse(raw(t, "pass.json", text))
		if err == nil {
			_, err = p.Propose(intake.Options{})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// damaged returns an archive with a byte of an image changed.
func damaged(t *testing.T) []byte {
	data := raw(t, "pass.json", "{}", &zip.FileHeader{Name: "icon.png", Method: zip.Store}, "not an image")
	data[bytes.Index(data, []byte("not an"))] ^= 1
	return data
}

// announced returns the head of a PNG file that says it has so many pixels, and
// nothing else.
func announced(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	head = append(binary.BigEndian.AppendUint32(head, height), 8, 2, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(head))
}

// noise returns text that can't be compressed.
func noise(n int) string {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(data)
	return string(data)
}

func icon(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 38, 38))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestLeftOut: what has no place in a template is named, and whether passes
// lack it.
func TestLeftOut(t *testing.T) {
	made := propose(t, map[string]string{
		"pass.json": `{"generic": {}}`, "manifest.json": "{}", "signature": "x", "tooling.json": "{}", ".DS_Store": "x", "__MACOSX/._icon.png": "x",
		"icon.png": icon(t), "logo.png": "GIF89a", "strip.png": noise(2<<20 + 1), "thumbnail.png": string(announced(1<<15, 1<<15)),
		"icon.pdf": "x", "readme.html": "x", "personalization.json": "{}", "de.lproj/pass.strings": "bplist00", "fr.lproj/pass.strings": `"a" = `,
		"nl.lproj/pass.strings": strings.Repeat("/", 256<<10+1), "en.lproj/logo.gif": "x", "deep/er/icon.png": "x",
	}, intake.Options{})
	got := make(map[string]string)
	for _, n := range made.Notes {
		got[n.Path] = fmt.Sprintf("%s %v %s", n.Kind, n.Lost, n.Message)
	}
	for path, want := range map[string]string{
		"manifest.json": "dropped false", "signature": "dropped false", "tooling.json": "dropped false", ".DS_Store": "left out false a system's file",
		"__MACOSX/._icon.png": "left out false a system's file", "icon.pdf": "left out false images are PNG files", "readme.html": "left out false nothing of a template",
		"personalization.json": "left out true", "logo.png": "left out true no PNG file", "strip.png": "left out true larger than 2048 KiB",
		"thumbnail.png": "left out true has 32768×32768 pixels", "de.lproj/pass.strings": "left out true a compiled property list",
		"fr.lproj/pass.strings": "left out true line 1", "nl.lproj/pass.strings": "left out true larger than 256 KiB", "deep/er/icon.png": "left out false",
	} {
		if !strings.HasPrefix(got[path], want) {
			t.Errorf("%s: got %q, want %q", path, got[path], want)
		}
	}
	if len(made.Files) != 3 {
		t.Errorf("got %d files, want template.json, template.yaml and icon.png", len(made.Files))
	}
}

// TestReadFolder: a bundle as Pass Designer keeps it, and a link that leads out
// of it.
func TestReadFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Card.pkpasstemplate")
	if err := os.MkdirAll(filepath.Join(dir, "de.lproj"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"pass.json": `{"serialNumber": "S", "generic": {}}`, "tooling.json": `{"designerVersion": "1"}`, "icon@2x.png": icon(t),
		"de.lproj/pass.strings": `"a" = "b";`, "../secret.png": icon(t),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret.png", filepath.Join(dir, "logo.png")); err != nil {
		t.Fatal(err)
	}
	p, err := intake.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	made, err := p.Propose(intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"icon@2x.png": true, "de.lproj/pass.strings": true, "logo.png": false, "tooling.json": false} {
		if _, got := made.Files[name]; got != want {
			t.Errorf("%s: in the template: %v, want %v", name, got, want)
		}
	}
	for _, missing := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "de.lproj")} {
		if _, err := intake.Read(missing); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: got %v", missing, err)
		}
	}
}

// TestBundleInArchive: what Finder makes of a bundle when it compresses it.
func TestBundleInArchive(t *testing.T) {
	made := propose(t, map[string]string{
		"Card.pkpasstemplate/pass.json": `{"serialNumber": "S", "generic": {}}`, "Card.pkpasstemplate/icon.png": icon(t),
		"__MACOSX/Card.pkpasstemplate/._icon.png": "x", "notes.txt": "x",
	}, intake.Options{})
	if made.Files["icon.png"] == nil || len(made.Files) != 3 {
		t.Errorf("got %d files, want icon.png among three", len(made.Files))
	}
}
