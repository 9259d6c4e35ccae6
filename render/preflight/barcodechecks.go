package preflight

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/ianaindex"

	"passmill/render"
)

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
