package preflight

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/ianaindex"

	"passmill/render"
)

var barcodeRules = []Rule{
	{
		ID: "barcode-format", Source: "Apple: Pass.Barcodes", Severity: Refused, Row: true,
		Fix: "use PKBarcodeFormatQR, PDF417, Aztec or Code128", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, unknownFormat) },
	},
	{
		ID: "barcode-old-phones", Source: "Apple: Pass.Barcodes", Since: "iOS 27", Severity: FallsBack,
		Fix: "add a barcode that older systems know, such as PKBarcodeFormatQR, after it", Check: checkOldPhones,
	},
	{
		ID: "barcode-message", Source: "Apple: Pass.Barcodes", Severity: Refused, Row: true,
		Fix: "give the barcode something to say", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, emptyMessage) },
	},
	{
		ID: "barcode-encoding", Source: "Apple: Pass.Barcodes (an IANA name)", Severity: Refused, Row: true,
		Fix:   "use characters of the encoding, or another messageEncoding that the scanners read, such as utf-8",
		Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, wrongEncoding) },
	},
	{
		ID: "barcode-content", Source: "the standards of the codes: ISO/IEC 15417, 15420, 16388, 16390, EN 798", Severity: Refused, Row: true,
		Fix: "mend the value, or choose a format that can hold it", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, wrongContent) },
	},
	{
		ID: "barcode-capacity", Source: "the standards of the codes: ISO/IEC 18004, 15438, 24778", Severity: Refused, Row: true,
		Fix: "shorten the message", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, tooLong) },
	},
	{
		ID: "barcode-width", Source: "experience of scanners with ISO/IEC 15417", Severity: LooksWrong, Row: true,
		Fix: "shorten the message, or use PKBarcodeFormatQR", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, tooWide) },
	},
}

// A symbology is what is known of a barcode format.
type symbology struct {
	recent  bool                        // from iOS 27 on
	content func(message string) string // what is wrong with a message; nil: anything goes
	// most says how many digits, characters of its densest alphabet, and bytes
	// the largest symbol holds; no capacity is known where it is zero.
	most [3]int
	wide int // characters beyond which lines are too thin on a phone's screen
}

var symbologies = map[string]symbology{
	"PKBarcodeFormatQR":      {most: [3]int{7089, 4296, 2953}},
	"PKBarcodeFormatPDF417":  {most: [3]int{2710, 1850, 1108}},
	"PKBarcodeFormatAztec":   {most: [3]int{3832, 3067, 1914}},
	"PKBarcodeFormatCode128": {content: code128, wide: 40},
	"PKBarcodeFormatCode39":  {recent: true, content: code39, wide: 20},
	"PKBarcodeFormatCodabar": {recent: true, content: codabar, wide: 30},
	"PKBarcodeFormatEAN13":   {recent: true, content: ean13},
	"PKBarcodeFormatI2of5":   {recent: true, content: i2of5, wide: 40},
}

func unknownFormat(at *Place) (key, message string) {
	format := text(at.Node, "format")
	if _, known := symbologies[format]; known || at.Node.Get("format") == nil {
		return "", ""
	}
	return "format", "is no barcode format"
}

func checkOldPhones(p *Pass) []Finding {
	list := p.Root.Get("barcodes")
	if list == nil || len(list.Elems) == 0 || p.Root.Get("barcode") != nil {
		return nil
	}
	for i := range list.Elems {
		if s := symbologies[text(&list.Elems[i], "format")]; !s.recent {
			return nil
		}
	}
	return []Finding{{Path: "barcodes", Message: "has no format that systems before iOS 27 show"}}
}

func emptyMessage(at *Place) (key, message string) {
	m := at.Node.Get("message")
	if m != nil && m.Kind == render.StringNode && strings.TrimSpace(m.Text) == "" {
		return "message", "is empty"
	}
	return "", ""
}

func wrongEncoding(at *Place) (key, message string) {
	name := text(at.Node, "messageEncoding")
	if name == "" {
		return "", "" // another rule's
	}
	ok, known := representable(text(at.Node, "message"), name)
	switch {
	case !known:
		return "messageEncoding", "is no encoding that IANA names"
	case !ok:
		return "message", "holds a character that " + strings.ToLower(name) + " can't write"
	}
	return "", ""
}

// representable reports whether an encoding can write a message, and whether
// the encoding is known at all.
func representable(message, name string) (ok, known bool) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8":
		return true, true
	case "iso-8859-1", "latin1":
		return maxRune(message) <= 0xff, true
	case "us-ascii", "ascii":
		return maxRune(message) < utf8.RuneSelf, true
	}
	enc, err := ianaindex.IANA.Encoding(name)
	if err != nil {
		return false, false
	}
	if enc == nil {
		return true, true // a name of IANA's whose table is not here
	}
	_, err = enc.NewEncoder().String(message)
	return err == nil, true
}

func maxRune(s string) rune {
	most := rune(0)
	for _, r := range s {
		most = max(most, r)
	}
	return most
}

func wrongContent(at *Place) (key, message string) {
	m := text(at.Node, "message")
	check := symbologies[text(at.Node, "format")].content
	if check == nil || strings.TrimSpace(m) == "" {
		return "", ""
	}
	if message := check(m); message != "" {
		return "message", message
	}
	return "", ""
}

func tooWide(at *Place) (key, message string) {
	wide := symbologies[text(at.Node, "format")].wide
	if wide > 0 && utf8.RuneCountInString(text(at.Node, "message")) > wide {
		return "message", "is long for a code of one row, whose lines become too thin to scan"
	}
	return "", ""
}
