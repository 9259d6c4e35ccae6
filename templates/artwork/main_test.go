package main

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// starters is the folder of the starter templates as the tests see it.
const starters = "../starters"

// TestCommitted checks that the files of the starters are what this program
// draws, pixel for pixel (another release of Go may compress them otherwise),
// and that there are no other images among them.
func TestCommitted(t *testing.T) {
	dir := t.TempDir()
	if err := writeAll(dir); err != nil {
		t.Fatal(err)
	}
	drawn := names(t, dir)
	for name := range drawn {
		want := decode(t, filepath.Join(dir, name))
		got := decode(t, filepath.Join(starters, name))
		if !bytes.Equal(got.Pix, want.Pix) || got.Rect != want.Rect {
			t.Errorf("%s is not what is drawn; run go generate ./templates/artwork", name)
		}
	}
	for name := range names(t, starters) {
		if !drawn[name] {
			t.Errorf("%s is drawn by nobody", name)
		}
	}
}

// decode reads a PNG file as straight RGBA.
func decode(t *testing.T, name string) *image.NRGBA {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	straight := image.NewNRGBA(img.Bounds())
	draw.Draw(straight, straight.Rect, img, img.Bounds().Min, draw.Src)
	return straight
}

// names returns the images below dir, by starter and file name.
func names(t *testing.T, dir string) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	set := make(map[string]bool)
	for _, path := range paths {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		set[name] = true
	}
	return set
}

// TestLogos checks that logos are within Apple's size and that their right edge
// is clear, so that no letter is cut off.
func TestLogos(t *testing.T) {
	for _, p := range pictures {
		if p.name != "logo" {
			continue
		}
		if p.width < 50 || p.width > 160 || p.height != 50 {
			t.Errorf("%s: the logo is %v×%v points, want 50 to 160×50", p.starter, p.width, p.height)
		}
		img := p.render(3)
		for y := range img.Bounds().Dy() {
			if a := img.RGBAAt(img.Bounds().Dx()-1, y).A; a != 0 {
				t.Errorf("%s: the logo reaches its right edge in row %d", p.starter, y)
				break
			}
		}
	}
}

// TestIconsOpaque checks that icons fill their square, as Wallet rounds their
// corners itself.
func TestIconsOpaque(t *testing.T) {
	for _, p := range pictures {
		if p.name == "icon" && !p.render(1).Opaque() {
			t.Errorf("%s: the icon is transparent somewhere", p.starter)
		}
	}
}
