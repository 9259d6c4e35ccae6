package preflight

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/ianaindex"

	"passmill/render"
)

var barcodeRules = []Rule{
	{
		ID: "barcode-format", What: "a barcode has a format that Apple names", Source: "Apple: Pass.Barcodes",
		Severity: Refused, Row: true, Chance: true,
		Fix: "use PKBarcodeFormatQR, PDF417, Aztec or Code128", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, unknownFormat) },
		Fails:  []Example{{Change: `{"barcodes": [{"format": "QR", "message": "7", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].format"}},
		Passes: changes(`{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`),
	},
	{
		ID: "barcode-old-phones", What: "one of the barcodes is of a format from before iOS 27", Source: "Apple: Pass.Barcodes",
		Since: "iOS 27", Severity: FallsBack,
		Fix: "add a barcode that older systems know, such as PKBarcodeFormatQR, after it", Check: checkOldPhones,
		Fails:  []Example{{Change: `{"barcodes": [{"format": "PKBarcodeFormatI2of5", "message": "0042", "messageEncoding": "utf-8"}]}`, Path: "barcodes"}},
		Passes: changes(`{"barcodes": [{"format": "PKBarcodeFormatI2of5", "message": "0042", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`),
	},
	{
		ID: "barcode-watch", What: "one of the barcodes has two dimensions, for a watch", Source: "jpasskit#52, a user's report", Severity: Advice,
		Fix: "add a PKBarcodeFormatQR after it", Check: checkWatch,
		Fails:  []Example{{Change: `{"barcodes": [{"format": "PKBarcodeFormatCode128", "message": "0042", "messageEncoding": "utf-8"}]}`, Path: "barcodes"}},
		Passes: changes(`{"barcodes": [{"format": "PKBarcodeFormatCode128", "message": "0042", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`),
	},
	{
		ID: "barcode-deprecated", What: "barcode has a successor beside it", Source: "Apple: Pass", Severity: Advice,
		Fix: "write barcodes, a list, and barcode only for systems before iOS 9", Check: checkDeprecated,
		Fails:  []Example{{Change: `{"barcode": {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}}`, Path: "barcode"}},
		Passes: changes(`{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`),
	},
	{
		ID: "barcode-message", What: "a barcode says something", Source: "Apple: Pass.Barcodes", Severity: Refused, Row: true, Chance: true,
		Fix: "give the barcode something to say", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, emptyMessage) },
		Fails:  []Example{{Change: `{"barcodes": [{"format": "PKBarcodeFormatQR", "message": " ", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].message"}},
		Passes: changes(`{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`),
	},
	{
		ID: "barcode-encoding", What: "a barcode's encoding is known and can write the message", Source: "Apple: Pass.Barcodes (an IANA name)",
		Severity: Refused, Row: true, Chance: true,
		Fix:   "use characters of the encoding, or another messageEncoding that the scanners read, such as utf-8",
		Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, wrongEncoding) },
		Fails: []Example{
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "€5", "messageEncoding": "iso-8859-1"}]}`, Path: "barcodes[0].message"},
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "latin-17"}]}`, Path: "barcodes[0].messageEncoding"},
		},
		Passes: changes(
			`{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "да", "messageEncoding": "windows-1251"}]}`,
			`{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "€5", "messageEncoding": "utf-8"}]}`,
		),
	},
	{
		ID: "barcode-content", What: "a barcode's message has the letters, length and check digit of its code", Row: true, Chance: true,
		Source: "the standards of the codes: ISO/IEC 15417, 15420, 16388, 16390, EN 798", Severity: Refused,
		Fix: "mend the value, or choose a format that can hold it", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, wrongContent) },
		Fails: []Example{
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatEAN13", "message": "4006381333932", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].message"},
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatEAN13", "message": "400638133393", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].message"},
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatEAN13", "message": "40063813339312", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].message"},
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatI2of5", "message": "123", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].message"},
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatCode39", "message": "abc", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].message"},
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatCodabar", "message": "A12", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].message"},
			{Change: `{"barcodes": [{"format": "PKBarcodeFormatCode128", "message": "é", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].message"},
		},
		Passes: changes(
			`{"barcodes": [{"format": "PKBarcodeFormatEAN13", "message": "4006381333931", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`,
			`{"barcodes": [{"format": "PKBarcodeFormatI2of5", "message": "0123", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`,
			`{"barcodes": [{"format": "PKBarcodeFormatCode39", "message": "ABC-1", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`,
			`{"barcodes": [{"format": "PKBarcodeFormatCodabar", "message": "A12-5B", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`,
		),
	},
	{
		ID: "barcode-capacity", What: "a barcode's message fits the largest code there is", Row: true, Chance: true,
		Source: "the standards of the codes: ISO/IEC 18004, 15438, 24778", Severity: Refused,
		Fix: "shorten the message", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, tooLong) },
		Fails: []Example{
			{Change: strings.Replace(`{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, "7", strings.Repeat("ä", 2954), 1), Path: "barcodes[0].message"},
			{Change: strings.Replace(`{"barcodes": [{"format": "PKBarcodeFormatPDF417", "message": "?", "messageEncoding": "utf-8"}]}`, "?", strings.Repeat("x", 1851), 1), Path: "barcodes[0].message"},
		},
		Passes: changes(strings.Replace(`{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, "7", strings.Repeat("7", 7089), 1)),
	},
	{
		ID: "barcode-width", What: "a barcode of one row is short enough for a phone's screen", Row: true, Chance: true,
		Source: "experience of scanners with ISO/IEC 15417", Severity: LooksWrong,
		Fix: "shorten the message, or use PKBarcodeFormatQR", Check: func(p *Pass) []Finding { return p.all(render.BarcodeShape, tooWide) },
		Fails:  []Example{{Change: `{"barcodes": [{"format": "PKBarcodeFormatCode128", "message": "0123456789012345678901234567890123456789x", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`, Path: "barcodes[0].message"}},
		Passes: changes(`{"barcodes": [{"format": "PKBarcodeFormatCode128", "message": "0123456789", "messageEncoding": "utf-8"}, {"format": "PKBarcodeFormatQR", "message": "7", "messageEncoding": "utf-8"}]}`),
	},
}

// A symbology is what is known of a barcode format.
type symbology struct {
	row     bool                        // its lines stand in one row
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
	"PKBarcodeFormatCode128": {row: true, content: code128, wide: 40},
	"PKBarcodeFormatCode39":  {row: true, recent: true, content: code39, wide: 20},
	"PKBarcodeFormatCodabar": {row: true, recent: true, content: codabar, wide: 30},
	"PKBarcodeFormatEAN13":   {row: true, recent: true, content: ean13},
	"PKBarcodeFormatI2of5":   {row: true, recent: true, content: i2of5, wide: 40},
}

func unknownFormat(at *Place) (key, message string) {
	format := text(at.Node, "format")
	if _, known := symbologies[format]; known || at.Node.Get("format") == nil {
		return "", ""
	}
	return "format", "is no barcode format"
}

func checkOldPhones(p *Pass) []Finding {
	if p.has("barcode") || !p.allBarcodes(func(s symbology) bool { return s.recent }) {
		return nil
	}
	return []Finding{{Path: "barcodes", Message: "has no format that systems before iOS 27 show"}}
}

// checkWatch leaves alone what no older phone shows either.
func checkWatch(p *Pass) []Finding {
	if p.has("barcode") || !p.allBarcodes(func(s symbology) bool { return s.row && !s.recent }) {
		return nil
	}
	return []Finding{{Path: "barcodes", Message: "has codes of one row only, which watches are said not to show"}}
}

// allBarcodes reports whether there are barcodes, all of which are so.
func (p *Pass) allBarcodes(are func(symbology) bool) bool {
	list := p.Root.Get("barcodes")
	if list == nil || len(list.Elems) == 0 {
		return false
	}
	for i := range list.Elems {
		if !are(symbologies[text(&list.Elems[i], "format")]) {
			return false
		}
	}
	return true
}

func checkDeprecated(p *Pass) []Finding {
	if p.has("barcode") && !p.has("barcodes") {
		return []Finding{{Path: "barcode", Message: "is deprecated, and stands there alone"}}
	}
	return nil
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
