package link_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"passmill/output/link"
)

// coded is a shop whose passes have a barcode.
type coded struct {
	*shop
	format, message, encoding string
}

func (c coded) Face(context.Context, link.Opened, int) (link.Face, error) {
	text, err := json.Marshal(map[string]any{"barcodes": []map[string]string{{"format": c.format, "message": c.message, "messageEncoding": c.encoding}}})
	return link.Face{JSON: text}, err
}

var barcodePicture = regexp.MustCompile(`src="data:image/png;base64,([^"]+)" alt="Barcode of the pass"`)

// TestBarcodes: a foreign reader reads what the page draws; what it could not read is
// not drawn.
func TestBarcodes(t *testing.T) {
	reader, err := exec.LookPath("ZXingReader")
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range []coded{
		{nil, "PKBarcodeFormatQR", "M00042", "iso-8859-1"},
		{nil, "PKBarcodeFormatQR", "https://shop.example.com/cards/42?x=1", "utf-8"},
		{nil, "PKBarcodeFormatQR", "Grüße", "iso-8859-1"},
		{nil, "PKBarcodeFormatAztec", "M1EXAMPLE/ADA         EABC123 BERMUCXX 0042 329Y012A0001 100", "iso-8859-1"},
		{nil, "PKBarcodeFormatCode128", "4006381333931", "iso-8859-1"},
		{nil, "PKBarcodeFormatCode128", "CARD-00042 x", "ascii"},
		{nil, "PKBarcodeFormatPDF417", "M00042", "iso-8859-1"},
		{nil, "PKBarcodeFormatQR", "Привет", "iso-8859-1"},
		{nil, "PKBarcodeFormatQR", strings.Repeat("long ", 1000), "iso-8859-1"},
	} {
		s := newStand(t)
		b.shop = s.shop
		s.handler = s.serve(t, b)
		drawn := barcodePicture.FindStringSubmatch(text(t, s.get("GET", s.plain(1), windows)))
		if i >= 6 {
			if drawn != nil {
				t.Errorf("%s %q is drawn", b.format, b.message)
			}
			continue
		}
		if drawn == nil {
			t.Errorf("%s %q is not drawn", b.format, b.message)
			continue
		}
		data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(drawn[1], "&#43;", "+"))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), fmt.Sprint(i, ".png"))
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), reader, "-1", file).CombinedOutput()
		read := strings.NewReplacer("<U+FC>", "ü", "<U+DF>", "ß").Replace(string(out)) // it names letters by their numbers
		if err != nil || !strings.Contains(read, b.message) {
			t.Errorf("%s %q is read as %s (%v)", b.format, b.message, read, err)
		}
	}
}
