package picture_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passmill/jobs"
	"passmill/jobs/picture"
)

// album returns an album over a folder of files, without a ledger.
func album(t testing.TB, files map[string][]byte) (*picture.Album, string) {
	t.Helper()
	outer := t.TempDir()
	dir := filepath.Join(outer, "photos")
	write(t, filepath.Join(outer, "secret.png"), pngOf(t, gradient(300, 300)))
	write(t, filepath.Join(dir, "anna.png"), pngOf(t, gradient(300, 300)))
	for name, data := range files {
		write(t, filepath.Join(dir, name), data)
	}
	folder, err := picture.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return &picture.Album{Folder: folder, Fetcher: picture.NewFetcher(nil, picture.Net{})}, dir
}

func write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// take returns what becomes of one name.
func take(t testing.TB, a *picture.Album, name string) jobs.FoundImage {
	t.Helper()
	found, err := a.Take(t.Context(), []jobs.WantedImage{{Slot: "thumbnail", Name: name}})
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// TestNothingOutside names what lies outside the folder in every way that came
// to mind, and what is no plain file.
func TestNothingOutside(t *testing.T) {
	a, dir := album(t, map[string][]byte{"sub/bea.png": pngOf(t, gradient(300, 300))})
	for name, target := range map[string]string{"out.png": "../secret.png", "abs.png": filepath.Join(filepath.Dir(dir), "secret.png"), "up": "..", "loop": "loop", "in.png": "sub/bea.png"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	pipe(t, filepath.Join(dir, "pipe.png"))
	good := []string{"anna.png", "./anna.png", "sub/bea.png", `sub\bea.png`, "sub/../anna.png", "in.png", "sub//bea.png", "up/../anna.png"}
	for _, name := range good {
		if f := take(t, a, name); f.Findings != nil {
			t.Errorf("%s: %v", name, f.Findings)
		}
	}
	bad := []string{
		"../secret.png", `..\secret.png`, "sub/../../secret.png", "..", ".", "sub", "up", "up/secret.png", "up/photos/../secret.png", "out.png", "abs.png", "loop", "pipe.png",
		"/etc/passwd", "//etc/passwd", `\etc\passwd`, `\\server\share\a.png`, `C:\a.png`, "C:a.png", "c:/a.png", "file:///etc/passwd", "file:/etc/passwd", "FILE:///etc/passwd",
		"%2e%2e/secret.png", "..%2fsecret.png", "..%c0%af", "．．/secret.png", "‥/secret.png", "…/secret.png", "..\u2044secret.png", "..\uff0fsecret.png", "anna.png/", "anna.png/.", "anna.png/..",
		"anna.png/../../secret.png", ".../secret.png", ".. /secret.png", "..\t/secret.png", "~/secret.png", "$HOME/secret.png", "*.png", "?nna.png", "anna.png\x00.jpg", "\x00", "-", "--help",
		"CON", "nul", "anna.png:stream", "anna.png::$DATA", strings.Repeat("a", 300), strings.Repeat("a/", 3000) + "b", strings.Repeat("../", 500) + "etc/passwd",
		"data:image/png;base64,AAAA", "javascript:alert(1)", "http://example.com/a.png", "ftp://example.com/a.png", "https://example.com/a.png", "https:", "https://", "://", "ht tp://a/b",
	}
	before := take(t, a, "anna.png").ID
	for _, name := range bad {
		f := take(t, a, name)
		code := refusal(f.Findings)
		if code == "" && f.ID != before { // anna.png/ and the like name the file itself
			t.Errorf("%q was taken in", name)
		}
		for _, finding := range f.Findings {
			if len(name) > len("https://") && strings.Contains(finding.Message+finding.Fix, name) {
				t.Errorf("%q: the message quotes it: %s; %s", name, finding.Message, finding.Fix)
			}
			if finding.Fix == "" || finding.Severity != jobs.Refused {
				t.Errorf("%q: %v", name, finding)
			}
		}
	}
}

// TestFolderFindings checks what is said of each kind of mistake.
func TestFolderFindings(t *testing.T) {
	a, dir := album(t, map[string][]byte{
		"Zoe\u0308.png": pngOf(t, gradient(300, 300)), "empty.png": {}, "big.jpg": make([]byte, picture.MaxFile+1), "locked.png": {1}, "heic.jpg": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"),
	})
	if err := os.Mkdir(filepath.Join(dir, "folder.png"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct{ code, text string }{
		"Zoë.png":      {"", ""}, // one letter here, a letter and two dots on the disk
		"anna.jpg":     {"image-missing", "nearly this name"},
		"nobody.png":   {"image-missing", "put the file there, or correct the name"},
		"sub/anna.png": {"image-missing", "there is no such file"},
		"folder.png":   {"image-no-file", "name the image itself"},
		"empty.png":    {"image-type", "is no image"},
		"big.jpg":      {"image-too-big", "has more than 16 MiB"},
		"heic.jpg":     {"image-type", "is a HEIC photo or a video, which can't be used here"},
		"anna.png/x":   {"image-unreadable", "not a directory"},
	} {
		found := take(t, a, name).Findings
		if got := refusal(found); got != want.code {
			t.Errorf("%s: got %q, want %q", name, got, want.code)
		}
		if want.code != "" && !strings.Contains(found[0].Message+"; "+found[0].Fix, want.text) {
			t.Errorf("%s: got %v, want %q in it", name, found, want.text)
		}
	}
}

// TestManyMissing checks that looking for what was meant does not go on for ever.
func TestManyMissing(t *testing.T) {
	a, _ := album(t, nil)
	hints := 0
	for i := range 300 {
		f := take(t, a, "anna.pn"+string(rune(0x100+i)))
		if strings.Contains(f.Findings[0].Fix, "nearly this name") {
			hints++
		}
	}
	if hints != 100 {
		t.Errorf("%d hints, want 100", hints)
	}
}
