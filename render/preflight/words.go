package preflight

import (
	"strings"

	"passmill/render"
)

var wordRules = []Rule{
	{
		ID: "field-word", What: "styles, alignment and detectors are Apple's words", Source: "Apple: PassFieldContent",
		Severity: FallsBack, Row: true, Chance: true,
		Fix: "use one of the words of Apple's page", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, wrongWord) },
		Fails: []Example{
			{Change: `{"storeCard": {"primaryFields": [{"key": "points", "value": 12, "numberStyle": "PKNumberStyleRoman"}]}}`, Path: "storeCard.primaryFields[0].numberStyle"},
			{Change: `{"storeCard": {"secondaryFields": [{"key": "city", "value": "Köln", "textAlignment": "right"}]}}`, Path: "storeCard.secondaryFields[0].textAlignment"},
			{Change: `{"storeCard": {"backFields": [{"key": "city", "value": "Köln", "dataDetectorTypes": ["PKDataDetectorTypeCity"]}]}}`, Path: "storeCard.backFields[0].dataDetectorTypes"},
		},
		Passes: changes(
			`{"storeCard": {"primaryFields": [{"key": "points", "value": 12, "numberStyle": "PKNumberStyleDecimal"}]}}`,
			`{"storeCard": {"backFields": [{"key": "city", "value": "Köln", "dataDetectorTypes": ["PKDataDetectorTypeAddress"]}]}}`,
		),
	},
	{
		ID: "field-alignment", What: "primary and back fields have no alignment", Source: "Apple: PassFieldContent", Severity: Advice,
		Fix: "remove it", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, p.uselessAlignment) },
		Fails: []Example{{
			Change: `{"storeCard": {"primaryFields": [{"key": "name", "value": "Ada", "textAlignment": "PKTextAlignmentLeft"}]}}`,
			Path:   "storeCard.primaryFields[0].textAlignment",
		}},
		Passes: changes(`{"storeCard": {"secondaryFields": [{"key": "city", "value": "Köln", "textAlignment": "PKTextAlignmentLeft"}]}}`),
	},
	{
		ID: "field-detectors", What: "only fields of the back have data detectors", Source: "Apple: PassFieldContent", Severity: Advice,
		Fix: "remove them, or move the field to the back", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, p.uselessDetectors) },
		Fails: []Example{{
			Change: `{"storeCard": {"primaryFields": [{"key": "shop", "value": "example.com", "dataDetectorTypes": ["PKDataDetectorTypeLink"]}]}}`,
			Path:   "storeCard.primaryFields[0].dataDetectorTypes",
		}},
		Passes: changes(`{"storeCard": {"backFields": [{"key": "shop", "value": "example.com", "dataDetectorTypes": []}]}}`),
	},
	{
		ID: "field-row", What: "row is 0 or 1, on auxiliary fields of event tickets", Source: "Apple: PassFields.AuxiliaryFields", Severity: LooksWrong,
		Fix: "remove it, or set it to 0 or 1 there", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, p.wrongRow) },
		Fails: []Example{
			{Change: `{"eventTicket": {"auxiliaryFields": [{"key": "seat", "value": "7", "row": 2}]}}`, Path: "eventTicket.auxiliaryFields[0].row"},
			{Change: `{"coupon": {"auxiliaryFields": [{"key": "seat", "value": "7", "row": 1}]}}`, Path: "coupon.auxiliaryFields[0].row"},
		},
		Passes: changes(`{"eventTicket": {"auxiliaryFields": [{"key": "seat", "value": "7", "row": 1}]}}`),
	},
}

// words lists what Apple allows for keys of a field that take one of a few.
var words = []struct{ key, prefix, allowed string }{
	{"numberStyle", "PKNumberStyle", "Decimal Percent Scientific SpellOut"},
	{"dateStyle", "PKDateStyle", "None Short Medium Long Full"},
	{"timeStyle", "PKDateStyle", "None Short Medium Long Full"},
	{"textAlignment", "PKTextAlignment", "Left Center Right Natural"},
	{"dataDetectorTypes", "PKDataDetectorType", "PhoneNumber Link Address CalendarEvent"},
}

func wrongWord(at *Place) (key, message string) {
	for i := range words {
		w := &words[i]
		have := at.Node.Get(w.key)
		if have == nil {
			continue
		}
		bad := notAmong(have, w.prefix, w.allowed)
		for i := range have.Elems {
			bad = bad || notAmong(&have.Elems[i], w.prefix, w.allowed)
		}
		if bad {
			return w.key, "is none of " + w.prefix + " with " + strings.ReplaceAll(w.allowed, " ", ", ")
		}
	}
	return "", ""
}

// notAmong reports whether a text is none of some words; what is no text is
// another rule's.
func notAmong(n *render.Node, prefix, allowed string) bool {
	if n.Kind != render.StringNode || n.Text == "" {
		return false
	}
	rest, ok := strings.CutPrefix(n.Text, prefix)
	for word := range strings.FieldsSeq(allowed) {
		if ok && word == rest {
			return false
		}
	}
	return true
}

func (p *Pass) uselessAlignment(at *Place) (key, message string) {
	group, _ := p.Group(at)
	if at.Node.Get("textAlignment") != nil && (group == "primaryFields" || group == "backFields") {
		return "textAlignment", "has no effect on primary and back fields"
	}
	return "", ""
}

func (p *Pass) uselessDetectors(at *Place) (key, message string) {
	group, _ := p.Group(at)
	if at.Node.Get("dataDetectorTypes") != nil && group != "backFields" && group != "additionalInfoFields" {
		return "dataDetectorTypes", "has no effect on the front"
	}
	return "", ""
}

func (p *Pass) wrongRow(at *Place) (key, message string) {
	row := at.Node.Get("row")
	if row == nil {
		return "", ""
	}
	if group, style := p.Group(at); group != "auxiliaryFields" || style != "eventTicket" {
		return "row", "says nothing but on auxiliary fields of event tickets"
	}
	if row.Kind == render.NumberNode && row.Text != "0" && row.Text != "1" {
		return "row", "is neither 0 nor 1"
	}
	return "", ""
}
