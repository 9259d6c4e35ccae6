package qr_test

import (
	"bytes"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"passmill/output/qr"
)

// finder is the pattern in three corners of each code, one letter for a module.
var finder = []string{"#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"}

// TestPNG: a picture has the size that was asked for as near as whole modules
// allow, a white border of four of them, and the three finders where they belong.
func TestPNG(t *testing.T) {
	for _, text := range []string{"https://passes.example.com/p/0123456789abcdefghijklmnop", strings.Repeat("ü", 500), "x"} {
		data, err := qr.PNG(text, 600)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		side := img.Bounds().Dx()
		if side > 600 || side < 400 || img.Bounds().Dy() != side {
			t.Fatalf("%d by %d pixels", side, img.Bounds().Dy())
		}
		first := 0
		for r, _, _, _ := img.At(first, first).RGBA(); r != 0; r, _, _, _ = img.At(first, first).RGBA() {
			first++
		}
		scale := first / 4
		modules := side/scale - 8
		if first%4 != 0 || side%scale != 0 || modules%4 != 1 {
			t.Fatalf("%d pixels of border, %d modules", first, modules)
		}
		for _, corner := range [][2]int{{0, 0}, {modules - 7, 0}, {0, modules - 7}} {
			for y, line := range finder {
				for x, want := range line {
					r, _, _, _ := img.At((corner[0]+x+4)*scale+scale/2, (corner[1]+y+4)*scale+scale/2).RGBA()
					if (r == 0) != (want == '#') {
						t.Fatalf("corner %v: module %d,%d is wrong", corner, x, y)
					}
				}
			}
		}
	}
}

// TestRead: another program reads what was written. Where it isn't installed, the
// test above has to do.
func TestRead(t *testing.T) {
	reader, err := exec.LookPath("ZXingReader")
	if err != nil {
		t.Log("no ZXingReader (Debian: zxing-cpp-tools) is here to read codes back")
		return
	}
	for _, text := range []string{"https://passes.example.com/p/0123456789abcdefghijklmnop", "https://passes.example.com/p/" + strings.Repeat("Ab9_-", 200)} {
		data, err := qr.PNG(text, 1000)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "code.png")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(reader, "-format", "QRCode", file).CombinedOutput()
		if err != nil || !strings.Contains(string(out), `"`+text+`"`) {
			t.Errorf("read %v %s", err, out)
		}
	}
}

func TestTooLong(t *testing.T) {
	if _, err := qr.PNG(strings.Repeat("x", 5000), 1000); err == nil {
		t.Error("5,000 bytes make a code")
	}
	if _, err := qr.PNG("https://passes.example.com", 20); err == nil || !strings.Contains(err.Error(), "at least 33 pixels") {
		t.Errorf("20 pixels: %v", err)
	}
}
