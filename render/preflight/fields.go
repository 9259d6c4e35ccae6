package preflight

import (
	"slices"
	"strconv"
	"strings"

	"passmill/render"
)

var fieldRules = []Rule{
	{
		ID: "field-value", Source: "Apple: PassFieldContent", Severity: Refused, Row: true,
		Fix: "give the field a value: text, a number or a date", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, wrongValue) },
	},
	{
		ID: "field-attributed", Source: "Apple: PassFieldContent; real passes break it and install", Severity: FallsBack,
		Fix: "add a value for what can't show links, such as a watch", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, attributedOnly) },
	},
	{
		ID: "field-key-twice", Source: "Apple: PassFieldContent; real passes break it and install", Severity: LooksWrong, Row: true,
		Fix: "give each field a key of its own", Check: checkKeys,
	},
	{
		ID: "field-two-formats", Source: "github.com/apple/pass-builder FieldFormattingValidator", Severity: Refused,
		Message: "stands beside numberStyle", Fix: "keep one of currencyCode and numberStyle",
		Check: func(p *Pass) []Finding { return p.all(render.FieldShape, twoFormats) },
	},
	{
		ID: "field-number", Source: "Apple: PassFieldContent", Severity: LooksWrong, Row: true,
		Fix: "declare the field as a number, and let it be the whole value", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, notNumber) },
	},
	{
		ID: "currency-code", Source: "Apple: PassFieldContent (ISO 4217)", Severity: FallsBack, Row: true,
		Fix: "write three capital letters, such as EUR", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, wrongCurrency) },
	},
	{
		ID: "field-word", Source: "Apple: PassFieldContent", Severity: FallsBack, Row: true,
		Fix: "use one of the words of Apple's page", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, wrongWord) },
	},
	{
		ID: "field-alignment", Source: "Apple: PassFieldContent", Severity: Advice,
		Message: "has no effect on primary and back fields", Fix: "remove it",
		Check: func(p *Pass) []Finding { return p.all(render.FieldShape, p.uselessAlignment) },
	},
	{
		ID: "change-message", Source: "Apple: PassFieldContent", Severity: Advice,
		Message: "holds no %@, so nobody is told of a change", Fix: "write %@ where the new value belongs, here or in pass.strings",
		Check: func(p *Pass) []Finding { return p.all(render.FieldShape, silentChange) },
	},
	{
		ID: "field-count", Source: "Apple: Defining the metadata; Human Interface Guidelines", Severity: LooksWrong, Row: true,
		Fix: "move fields to the back", Check: checkCounts,
	},
}

func wrongValue(at *Place) (key, message string) {
	v := at.Node.Get("value")
	switch {
	case v == nil && at.Node.Get("attributedValue") == nil:
		return "value", "is missing"
	case v == nil || v.Kind == render.StringNode || v.Kind == render.NumberNode:
		return "", ""
	}
	return "value", "is " + v.Kind.String() + ", not text or a number"
}

func attributedOnly(at *Place) (key, message string) {
	if at.Node.Get("value") == nil && at.Node.Get("attributedValue") != nil {
		return "value", "is missing beside attributedValue"
	}
	return "", ""
}

func checkKeys(p *Pass) []Finding {
	seen := make([]string, 0, 32) // few enough to look through
	return p.all(render.FieldShape, func(at *Place) (key, message string) {
		k := text(at.Node, "key")
		if k != "" && slices.Contains(seen, k) {
			return "key", "is the key of another field too, so changes are told for one of them only"
		}
		seen = append(seen, k)
		return "", ""
	})
}

func twoFormats(at *Place) (key, message string) {
	if at.Node.Get("currencyCode") != nil && at.Node.Get("numberStyle") != nil {
		return "currencyCode", "stands beside numberStyle"
	}
	return "", ""
}

func notNumber(at *Place) (key, message string) {
	v := at.Node.Get("value")
	if v == nil || v.Kind != render.StringNode {
		return "", ""
	}
	for _, format := range []string{"currencyCode", "numberStyle"} {
		if at.Node.Get(format) != nil {
			return "value", "is text, but the field has a " + format
		}
	}
	return "", ""
}

func wrongCurrency(at *Place) (key, message string) {
	code := at.Node.Get("currencyCode")
	if code == nil || code.Kind != render.StringNode {
		return "", ""
	}
	if len(code.Text) != 3 || strings.Trim(code.Text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "currencyCode", "is no currency code"
	}
	return "", ""
}

// words lists what Apple allows for keys of a field that take one of a few.
var words = []struct{ key, prefix, allowed string }{
	{"numberStyle", "PKNumberStyle", " Decimal Percent Scientific SpellOut "},
	{"dateStyle", "PKDateStyle", " None Short Medium Long Full "},
	{"timeStyle", "PKDateStyle", " None Short Medium Long Full "},
	{"textAlignment", "PKTextAlignment", " Left Center Right Natural "},
}

func wrongWord(at *Place) (key, message string) {
	for _, w := range words {
		have := text(at.Node, w.key)
		if have == "" {
			continue
		}
		rest, ok := strings.CutPrefix(have, w.prefix)
		if !ok || !strings.Contains(w.allowed, " "+rest+" ") {
			return w.key, "is none of " + w.prefix + " with" + strings.TrimRight(strings.ReplaceAll(w.allowed, " ", ", ")[1:], ", ")
		}
	}
	return "", ""
}

func (p *Pass) uselessAlignment(at *Place) (key, message string) {
	group := p.Group(at)
	if at.Node.Get("textAlignment") != nil && (group == "primaryFields" || group == "backFields") {
		return "textAlignment", "has no effect on primary and back fields"
	}
	return "", ""
}

// silentChange leaves alone what may be a key of pass.strings.
func silentChange(at *Place) (key, message string) {
	m := text(at.Node, "changeMessage")
	if strings.Contains(m, " ") && !strings.Contains(m, "%@") {
		return "changeMessage", "holds no %@, so nobody is told of a change"
	}
	return "", ""
}

// rooms says how many fields of some groups together a style shows.
var rooms = []struct {
	style  string // empty: every style but posterGeneric
	groups []string
	most   int
}{
	{"", []string{"headerFields"}, 3},
	{"boardingPass", []string{"primaryFields"}, 2},
	{"coupon", []string{"primaryFields"}, 1},
	{"eventTicket", []string{"primaryFields"}, 1},
	{"generic", []string{"primaryFields"}, 1},
	{"storeCard", []string{"primaryFields"}, 1},
	{"coupon", []string{"secondaryFields", "auxiliaryFields"}, 4},
	{"storeCard", []string{"secondaryFields", "auxiliaryFields"}, 4},
	{"generic", []string{"secondaryFields"}, 4}, // another page of Apple's says 4 with the next
	{"generic", []string{"auxiliaryFields"}, 4},
	{"posterGeneric", []string{"headerFields"}, 1},
	{"posterGeneric", []string{"primaryFields"}, 4},
	{"posterGeneric", []string{"footerFields"}, 2},
}

func checkCounts(p *Pass) []Finding {
	var found []Finding
	for _, style := range render.Styles {
		fields := p.Root.Get(style)
		if fields == nil {
			continue
		}
		for _, room := range rooms {
			if room.style != style && (room.style != "" || style == "posterGeneric") {
				continue
			}
			count := 0
			for _, group := range room.groups {
				if list := fields.Get(group); list != nil {
					count += len(list.Elems)
				}
			}
			if count > room.most {
				found = append(found, Finding{Path: style + "." + room.groups[0], Message: strings.Join(room.groups, " and ") +
					" hold " + strconv.Itoa(count) + " fields, but there is room for " + strconv.Itoa(room.most)})
			}
		}
	}
	return found
}
