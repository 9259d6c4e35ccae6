package preflight

import (
	"slices"
	"strings"

	"passmill/render"
)

var fieldRules = []Rule{
	{
		ID: "field-value", What: "a field has a value: text, a number or a date", Source: "Apple: PassFieldContent", Severity: Refused, Row: true,
		Fix: "give the field a value: text, a number or a date", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, wrongValue) },
		Fails: []Example{
			{Change: `{"storeCard": {"primaryFields": [{"key": "name"}]}}`, Path: "storeCard.primaryFields[0].value"},
			{Change: `{"storeCard": {"primaryFields": [{"key": "gold", "value": true}]}}`, Path: "storeCard.primaryFields[0].value"},
		},
		Passes: changes(`{"storeCard": {"primaryFields": [{"key": "points", "value": 12}]}}`),
	},
	{
		ID: "field-attributed", What: "a field with links has a plain value too", Severity: FallsBack,
		Source: "Apple: PassFieldContent; real passes break it and install",
		Fix:    "add a value for what can't show links, such as a watch", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, attributedOnly) },
		Fails: []Example{{
			Change: `{"storeCard": {"backFields": [{"key": "shop", "attributedValue": "<a href='https://example.com'>Shop</a>"}]}}`,
			Path:   "storeCard.backFields[0].value",
		}},
		Passes: changes(`{"storeCard": {"backFields": [{"key": "shop", "value": "example.com", "attributedValue": "<a href='https://example.com'>Shop</a>"}]}}`),
	},
	{
		ID: "field-html", What: "attributedValue holds no mark-up but links", Source: "Apple: PassFieldContent",
		Severity: LooksWrong, Row: true, Chance: true,
		Fix: "keep <a href='…'> and </a>, and write other brackets as &lt;", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, otherMarkup) },
		Fails: []Example{{
			Change: `{"storeCard": {"backFields": [{"key": "shop", "value": "Shop", "attributedValue": "<b>Shop</b>"}]}}`,
			Path:   "storeCard.backFields[0].attributedValue",
		}},
		Passes: changes(`{"storeCard": {"backFields": [{"key": "shop", "value": "Shop", "attributedValue": "5 < 6: <a href='https://example.com'>Shop</a>"}]}}`),
	},
	{
		ID: "field-key-twice", What: "each field of a pass has a key of its own", Severity: LooksWrong, Row: true,
		Source: "Apple: PassFieldContent; real passes break it and install",
		Fix:    "give each field a key of its own", Check: checkKeys,
		Fails: []Example{{
			Change: `{"storeCard": {"headerFields": [{"key": "name", "value": 12}], "primaryFields": [{"key": "name", "value": "Ada"}]}}`,
			Path:   "storeCard.primaryFields[0].key",
		}},
		Passes: changes(`{"storeCard": {"headerFields": [{"key": "points", "value": 12}], "primaryFields": [{"key": "name", "value": "Ada"}]}}`),
	},
	{
		ID: "field-two-formats", What: "currencyCode and numberStyle don't stand together", Severity: LooksWrong,
		Source: "github.com/apple/pass-builder FieldFormattingValidator, a warning there",
		Fix:    "keep one of currencyCode and numberStyle", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, twoFormats) },
		Fails: []Example{{
			Change: `{"storeCard": {"primaryFields": [{"key": "worth", "value": 5, "currencyCode": "EUR", "numberStyle": "PKNumberStyleDecimal"}]}}`,
			Path:   "storeCard.primaryFields[0].currencyCode",
		}},
		Passes: changes(`{"storeCard": {"primaryFields": [{"key": "worth", "value": 5, "currencyCode": "EUR"}]}}`),
	},
	{
		ID: "field-number", What: "a value with a number's format is a number", Source: "Apple: PassFieldContent",
		Severity: LooksWrong, Row: true,
		Fix: "declare the field as a number, and let it be the whole value", Check: func(p *Pass) []Finding { return p.all(render.FieldShape, notNumber) },
		Fails: []Example{{
			Change: `{"storeCard": {"primaryFields": [{"key": "worth", "value": "5 euros", "currencyCode": "EUR"}]}}`,
			Path:   "storeCard.primaryFields[0].value",
		}},
		Passes: changes(`{"storeCard": {"primaryFields": [{"key": "worth", "value": 5, "currencyCode": "EUR"}]}}`),
	},
	{
		ID: "currency-code", What: "a currency is three capital letters", Source: "Apple: PassFieldContent (ISO 4217)",
		Severity: FallsBack, Row: true, Chance: true,
		Fix: "write three capital letters, such as EUR", Check: checkCurrencies,
		Fails: []Example{
			{Change: `{"storeCard": {"primaryFields": [{"key": "worth", "value": 5, "currencyCode": "Euro"}]}}`, Path: "storeCard.primaryFields[0].currencyCode"},
			{Change: `{"semantics": {"balance": {"amount": "5", "currencyCode": "€"}}}`, Path: "semantics.balance.currencyCode"},
		},
		Passes: changes(`{"storeCard": {"primaryFields": [{"key": "worth", "value": 5, "currencyCode": "EUR"}]}}`),
	},
}

func wrongValue(at *Place) (key, message string) {
	v := at.Node.Get("value")
	switch {
	case absent(v) && absent(at.Node.Get("attributedValue")):
		return "value", "is missing"
	case absent(v) || v.Kind == render.StringNode || v.Kind == render.NumberNode:
		return "", ""
	}
	return "value", "is " + spoken(v.Kind) + ", not text or a number"
}

// absent reports whether a value is not there, or null.
func absent(n *render.Node) bool { return n == nil || n.Kind == render.NullNode }

func attributedOnly(at *Place) (key, message string) {
	if absent(at.Node.Get("value")) && !absent(at.Node.Get("attributedValue")) {
		return "value", "is missing beside attributedValue"
	}
	return "", ""
}

// otherMarkup objects to every tag that is no link. A bracket before anything
// but a letter or a slash begins no tag.
func otherMarkup(at *Place) (key, message string) {
	rest := text(at.Node, "attributedValue")
	for {
		i := strings.IndexByte(rest, '<')
		if i < 0 || i+1 == len(rest) {
			return "", ""
		}
		rest = rest[i+1:]
		name := strings.ToLower(strings.TrimPrefix(rest, "/"))
		switch {
		case strings.HasPrefix(rest, "!"): // a comment, as of a word processor
		case name == "" || name[0] < 'a' || name[0] > 'z':
			continue
		case strings.HasPrefix(name, "a ") || strings.HasPrefix(name, "a>") || strings.HasPrefix(name, "a\n"):
			continue
		}
		return "attributedValue", "holds mark-up that is no link, which phones leave out or show as it stands"
	}
}

// checkKeys compares the fields of the styles. Entries of upcomingPassInformation
// have fields of their own.
func checkKeys(p *Pass) []Finding {
	seen := make([]string, 0, 32) // few enough to look through
	return p.all(render.FieldShape, func(at *Place) (key, message string) {
		if at.Extra {
			return "", ""
		}
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

func checkCurrencies(p *Pass) []Finding {
	return append(p.all(render.FieldShape, wrongCurrency), p.all(render.MoneyShape, wrongCurrency)...)
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
