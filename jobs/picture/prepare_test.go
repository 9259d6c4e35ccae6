package picture_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passmill/jobs"
	"passmill/jobs/picture"
)

// gradient draws an image whose corners differ.
func gradient(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{uint8(255 * x / max(1, width-1)), uint8(255 * y / max(1, height-1)), 128, 255})
		}
	}
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sizes returns the pixels of the files that were made: "68x90 135x180 203x270".
func sizes(t testing.TB, m jobs.Image) string {
	t.Helper()
	var list []string
	for _, file := range m.Files {
		if file == nil {
			continue
		}
		img, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("a file that was made is no PNG: %v", err)
		}
		list = append(list, fmt.Sprintf("%dx%d", img.Bounds().Dx(), img.Bounds().Dy()))
	}
	return strings.Join(list, " ")
}

func refusal(findings []jobs.Finding) string {
	for _, f := range findings {
		if f.Severity == jobs.Refused {
			return f.Code
		}
	}
	return ""
}

// TestSizes checks what is cut off, and which scales are made.
func TestSizes(t *testing.T) {
	for _, test := range []struct {
		slot          string
		width, height int
		want          string
		small         bool
	}{
		{"thumbnail", 600, 800, "68x90 135x180 203x270", false},
		{"thumbnail", 1000, 1000, "90x90 180x180 270x270", false},
		{"thumbnail", 800, 200, "90x60 180x120 270x180", false}, // cut to three to two
		{"thumbnail", 200, 900, "60x90 120x180 180x270", false}, // the width of @2x is reached, @3x is nearly
		{"thumbnail", 270, 270, "90x90 180x180 270x270", false},
		{"thumbnail", 200, 200, "90x90 180x180 270x270", false},
		{"thumbnail", 180, 180, "90x90 180x180 270x270", false},
		{"thumbnail", 179, 179, "90x90 180x180", true},
		{"thumbnail", 50, 50, "90x90", true},
		{"thumbnail", 1, 1, "90x90", true},
		{"logo", 2000, 200, "160x16 320x32 480x48", false},
		{"logo", 300, 300, "50x50 100x100 150x150", false},
		{"logo", 9000, 1, "160x1 320x1 480x1", false},
		{"icon", 512, 512, "38x38 76x76 114x114", false},
		{"icon", 512, 300, "38x38 76x76 114x114", false},
		{"strip", 1125, 432, "375x144 750x288 1125x432", false},
		{"strip", 800, 800, "375x144 750x288 1125x432", false},
		{"background", 700, 1020, "343x503 686x1006 1029x1509", false},
		{"artwork", 1074, 1344, "358x448 716x896 1074x1344", false},
		{"footer", 536, 60, "134x15 268x30 402x45", false},
		{"primaryLogo", 400, 100, "120x30 240x60 360x90", false},
		{"secondaryLogo", 400, 100, "48x12 96x24 144x36", false},
		{"personalizationLogo", 400, 100, "150x38 300x75 450x113", false},
	} {
		made, findings := picture.Prepare(pngOf(t, gradient(test.width, test.height)), test.slot)
		if got := sizes(t, made); got != test.want {
			t.Errorf("%s of %d×%d: got %s, want %s", test.slot, test.width, test.height, got, test.want)
		}
		if small := len(findings) == 1 && findings[0].Code == "image-small" && findings[0].Severity == jobs.LooksWrong; small != test.small || len(findings) > 1 {
			t.Errorf("%s of %d×%d: findings %v, want one that it is small: %v", test.slot, test.width, test.height, findings, test.small)
		}
	}
}

// TestPrepareIsStable checks that equal bytes give equal files, and that the id
// tells slots and bytes apart.
func TestPrepareIsStable(t *testing.T) {
	data := pngOf(t, gradient(400, 300))
	first, _ := picture.Prepare(data, "thumbnail")
	again, _ := picture.Prepare(bytes.Clone(data), "thumbnail")
	other, _ := picture.Prepare(data, "logo")
	if first.ID != again.ID || sum(first) != sum(again) {
		t.Error("equal bytes give different images")
	}
	if first.ID == other.ID {
		t.Error("two slots share an id")
	}
	if changed, _ := picture.Prepare(append(data, 0), "thumbnail"); changed.ID == first.ID {
		t.Error("other bytes have the same id")
	}
}

func sum(m jobs.Image) [32]byte { return sha256.Sum256(bytes.Join(m.Files[:], []byte("|"))) }

// TestPrepareKeepsColours checks the corners of the result, and what is seen
// through.
func TestPrepareKeepsColours(t *testing.T) {
	src := gradient(600, 600)
	for y := range 300 {
		for x := range 300 {
			src.SetNRGBA(x, y, color.NRGBA{})
		}
	}
	made, _ := picture.Prepare(pngOf(t, src), "thumbnail")
	for scale, file := range made.Files {
		img, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		last := img.Bounds().Dx() - 1
		near(t, img.At(0, 0), color.NRGBA{})
		near(t, img.At(last, 0), color.NRGBA{255, 0, 128, 255})
		near(t, img.At(0, last), color.NRGBA{0, 255, 128, 255})
		near(t, img.At(last, last), color.NRGBA{255, 255, 128, 255})
		if t.Failed() {
			t.Fatalf("at @%dx", scale+1)
		}
	}
}

// near fails if two colours differ to the eye.
func near(t testing.TB, got, want color.Color) {
	t.Helper()
	r, g, b, a := got.RGBA()
	R, G, B, A := want.RGBA()
	for _, pair := range [][2]uint32{{r, R}, {g, G}, {b, B}, {a, A}} {
		if d := int(pair[0]>>8) - int(pair[1]>>8); d > 12 || d < -12 {
			t.Errorf("colour %v, want about %v", got, want)
			return
		}
	}
}

// oriented puts an Exif segment with an orientation into a JPEG file.
func oriented(data []byte, o uint16, order binary.AppendByteOrder) []byte {
	tiff := []byte("MM\x00*")
	if order.String() == "LittleEndian" {
		tiff = []byte("II*\x00")
	}
	tiff = order.AppendUint32(tiff, 12)
	tiff = append(tiff, "fill"...)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range [][4]uint16{{0x0100, 3, 1, 77}, {0x0112, 3, 1, o}} {
		tiff = order.AppendUint16(tiff, entry[0])
		tiff = order.AppendUint16(tiff, entry[1])
		tiff = order.AppendUint32(tiff, uint32(entry[2]))
		tiff = order.AppendUint16(tiff, entry[3])
		tiff = order.AppendUint16(tiff, 0)
	}
	tiff = order.AppendUint32(tiff, 0)
	body := append([]byte("Exif\x00\x00"), tiff...)
	segment := append([]byte{0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	return bytes.Join([][]byte{data[:2], segment, body, data[2:]}, nil)
}

// TestOrientation stores one picture in each of the eight ways, as Exif 2.3 says
// where its first row and column are, and wants it upright.
func TestOrientation(t *testing.T) {
	upright := gradient(200, 300)                   // as a person should see it
	stored := map[uint16]func(x, y int) (int, int){ // where in upright the stored pixel is from
		1: func(x, y int) (int, int) { return x, y },             // first row at the top, first column on the left
		2: func(x, y int) (int, int) { return 199 - x, y },       // top, right
		3: func(x, y int) (int, int) { return 199 - x, 299 - y }, // bottom, right
		4: func(x, y int) (int, int) { return x, 299 - y },       // bottom, left
		5: func(x, y int) (int, int) { return y, x },             // left, top
		6: func(x, y int) (int, int) { return 199 - y, x },       // right, top
		7: func(x, y int) (int, int) { return 199 - y, 299 - x }, // right, bottom
		8: func(x, y int) (int, int) { return y, 299 - x },       // left, bottom
	}
	for o, from := range stored {
		w, h := 200, 300
		if o >= 5 {
			w, h = h, w
		}
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				img.Set(x, y, upright.At(from(x, y)))
			}
		}
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			made, findings := picture.Prepare(oriented(jpegOf(t, img), o, order), "thumbnail")
			if got := sizes(t, made); got != "60x90 120x180 180x270" || len(findings) > 0 {
				t.Fatalf("orientation %d: got %s, %v", o, got, findings)
			}
			got, err := png.Decode(bytes.NewReader(made.Files[2]))
			if err != nil {
				t.Fatal(err)
			}
			near(t, got.At(0, 0), color.NRGBA{0, 0, 128, 255})
			near(t, got.At(179, 0), color.NRGBA{255, 0, 128, 255})
			near(t, got.At(0, 269), color.NRGBA{0, 255, 128, 255})
			if t.Failed() {
				t.Fatalf("orientation %d, %v, is not upright", o, order)
			}
		}
	}
}

// TestBadOrientation checks that what Exif says badly counts for nothing.
func TestBadOrientation(t *testing.T) {
	plain := jpegOf(t, gradient(20, 30))
	whole := oriented(plain, 6, binary.BigEndian)
	for at := 4; at < 60; at++ { // each byte of the segment, spoiled
		spoiled := bytes.Clone(whole)
		spoiled[at] ^= 0xff
		picture.Prepare(spoiled, "thumbnail") // must not panic
	}
	for _, o := range []uint16{0, 9, 1000} {
		made, _ := picture.Prepare(oriented(plain, o, binary.LittleEndian), "thumbnail")
		if got := sizes(t, made); got != "60x90" {
			t.Errorf("orientation %d: got %s", o, got)
		}
	}
}

// TestRealFiles takes files of other programs, of each kind that is decoded.
func TestRealFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/files/*")
	if err != nil || len(files) != 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		made, findings := picture.Prepare(data, "logo")
		if refusal(findings) != "" || made.Files[0] == nil {
			t.Errorf("%s: %v", name, findings)
		}
	}
}

// withSize returns a PNG that claims other pixels than it has.
func withSize(t testing.TB, width, height uint32) []byte {
	data := pngOf(t, gradient(4, 4))
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// TestHostileFiles checks what must not be decoded, or can't be.
func TestHostileFiles(t *testing.T) {
	whole, photo := pngOf(t, gradient(300, 300)), jpegOf(t, gradient(300, 300))
	giant := bytes.Clone(photo)
	at := bytes.Index(giant, []byte{0xff, 0xc0})
	copy(giant[at+5:], []byte{0xff, 0xff, 0xff, 0xff}) // 65,535 × 65,535
	tests := map[string]struct {
		data []byte
		want string
	}{
		"empty":            {nil, "image-type"},
		"one byte":         {[]byte{0x89}, "image-type"},
		"text":             {[]byte("hello"), "image-type"},
		"svg":              {[]byte("<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"), "image-type"},
		"svg in xml":       {[]byte("<?xml version='1.0'?>\n<svg/>"), "image-type"},
		"web page":         {[]byte("<!DOCTYPE html><p>Sign in</p>"), "image-type"},
		"pdf":              {[]byte("%PDF-1.7"), "image-type"},
		"zip":              {[]byte("PK\x03\x04"), "image-type"},
		"heic":             {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "image-type"},
		"avif":             {[]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), "image-type"},
		"webp":             {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "image-type"},
		"bmp":              {[]byte("BM\x00\x00"), "image-type"},
		"tiff":             {[]byte("II*\x00\x08"), "image-type"},
		"short riff":       {[]byte("RIFF"), "image-type"},
		"png, head only":   {whole[:8], "image-damaged"},
		"png, cut":         {whole[:len(whole)/2], "image-damaged"},
		"png, bad sum":     {append(bytes.Clone(whole[:40]), append([]byte{whole[40] ^ 1}, whole[41:]...)...), "image-damaged"},
		"png, no pixels":   {withSize(t, 0, 4), "image-damaged"},
		"png, giant":       {withSize(t, 1<<20, 1<<20), "image-pixels"},
		"png, 2³¹":         {withSize(t, 1<<31-1, 1<<31-1), "image-damaged"},
		"png, just above":  {withSize(t, 5121, 4096), "image-pixels"},
		"png, one row":     {withSize(t, 20<<20, 1), "image-pixels"},
		"png, one column":  {withSize(t, 1, 1<<15+1), "image-pixels"},
		"png, claims more": {withSize(t, 4000, 4000), "image-damaged"},
		"jpeg, head only":  {photo[:3], "image-damaged"},
		"jpeg, cut":        {photo[:len(photo)/3], "image-damaged"},
		"jpeg, giant":      {giant, "image-pixels"},
		"gif, head only":   {[]byte("GIF89a"), "image-damaged"},
		"gif, giant":       {[]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02"), "image-pixels"},
		"gif, no frame":    {[]byte("GIF89a\x04\x00\x04\x00\x00\x00\x00;"), "image-damaged"},
		"gif, large frame": {[]byte("GIF89a\x04\x00\x04\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;"), "image-damaged"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			made, findings := picture.Prepare(test.data, "thumbnail")
			if got := refusal(findings); got != test.want || len(findings) != 1 || sizes(t, made) != "" {
				t.Errorf("got %v, want %s", findings, test.want)
			}
		})
	}
	// A file that is two things at once is re-encoded: nothing but pixels is left.
	made, findings := picture.Prepare(append(bytes.Clone(whole), "PK\x03\x04<script>"...), "thumbnail")
	if len(findings) > 0 || bytes.Contains(made.Files[2], []byte("script")) {
		t.Errorf("an image with something behind it: %v", findings)
	}
}

// TestNoise checks that files stay below what a pass can hold: the larger scale
// of pure noise is left out.
func TestNoise(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 1074, 1344))
	state := uint32(1)
	for i := range img.Pix {
		state = state*1664525 + 1013904223
		img.Pix[i] = byte(state >> 24)
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	made, findings := picture.Prepare(pngOf(t, img), "artwork")
	if len(findings) > 0 || made.Files[0] == nil || made.Files[2] != nil {
		t.Errorf("got %s, %v; want no @3x", sizes(t, made), findings)
	}
	for _, file := range made.Files {
		if len(file) > 2<<20 {
			t.Errorf("a file has %d bytes", len(file))
		}
	}
}

// FuzzPrepare checks that no bytes make Prepare panic, and that what it makes are
// PNG files within the box of the slot.
func FuzzPrepare(f *testing.F) {
	f.Add(pngOf(f, gradient(5, 9)), uint8(0))
	f.Add(oriented(jpegOf(f, gradient(9, 5)), 6, binary.BigEndian), uint8(5))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02L\x01\x00;"), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, slot uint8) {
		name := jobs.ImageSlots[int(slot)%len(jobs.ImageSlots)]
		made, findings := picture.Prepare(data, name)
		if (refusal(findings) == "") != (made.Files[0] != nil) {
			t.Fatalf("findings %v and files %s don't agree", findings, sizes(t, made))
		}
		for i, file := range made.Files {
			if file == nil {
				continue
			}
			config, err := png.DecodeConfig(bytes.NewReader(file))
			if err != nil || config.Width > 375*(i+1) || config.Height > 503*(i+1) {
				t.Fatalf("%s: %d×%d pixels at @%dx (%v)", name, config.Width, config.Height, i+1, err)
			}
		}
	})
}
