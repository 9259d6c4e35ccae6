package phone

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A Judge takes the file of a pass apart and says what a phone would refuse it
// for.
type Judge func(data []byte) Contents

// Contents are what a phone reads of a pass.
type Contents struct {
	JSON    json.RawMessage              `json:"pass"`              // pass.json
	Strings map[string]map[string]string `json:"strings,omitempty"` // pass.strings by language, such as "de", and key
	Hash    string                       `json:"hash"`              // of everything but the signature: equal for equal passes
	Refused []string                     `json:"-"`                 // why a phone would not take it, in the words of its log; none if it would
}

// A Card is what the front of a pass, and pass.json, say of it.
type Card struct {
	TypeID       string  `json:"passTypeIdentifier"`
	Serial       string  `json:"serialNumber"`
	Service      string  `json:"webServiceURL"`
	Token        string  `json:"authenticationToken"`
	Organization string  `json:"organizationName"`
	Description  string  `json:"description"`
	Voided       bool    `json:"voided"`
	Expires      string  `json:"expirationDate"`
	Fields       []Field `json:"-"`
}

// A Field is a pass field.
type Field struct {
	Key             string          `json:"key"`
	Label           string          `json:"label"`
	Value           json.RawMessage `json:"value"`
	ChangeMessage   string          `json:"changeMessage"`
	CurrencyCode    string          `json:"currencyCode"`
	NumberStyle     string          `json:"numberStyle"`
	DateStyle       string          `json:"dateStyle"`
	TimeStyle       string          `json:"timeStyle"`
	IgnoresTimeZone bool            `json:"ignoresTimeZone"`
}

// styles are the members of pass.json that hold the groups of fields, and groups
// those within them, from the front's top to the back.
var (
	styles = []string{"boardingPass", "coupon", "eventTicket", "generic", "posterGeneric", "storeCard"}
	groups = []string{"headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "footerFields", "additionalInfoFields", "backFields"}
)

// Card reads the card. Members of another type than Apple's are as if they were
// not there, as for a phone.
func (c *Contents) Card() Card {
	card := c.card()
	var top map[string]json.RawMessage
	if json.Unmarshal(c.JSON, &top) != nil {
		return card
	}
	for _, style := range styles {
		var members map[string]json.RawMessage
		if json.Unmarshal(top[style], &members) != nil {
			continue
		}
		for _, group := range groups {
			var list []json.RawMessage
			_ = json.Unmarshal(members[group], &list)
			for _, raw := range list {
				var f Field
				read(raw, &f)
				card.Fields = append(card.Fields, f)
			}
		}
	}
	return card
}

// card reads the card without its fields.
func (c *Contents) card() (card Card) {
	read(c.JSON, &card)
	return card
}

// read decodes what it can: a member of a wrong type stays zero, and the others
// are read all the same.
func read(data []byte, v any) { _ = json.Unmarshal(data, v) }

// Text returns a text in the language of the locale: what pass.strings says of
// it, or itself.
func (c *Contents) Text(key string, l Locale) string {
	if translated, ok := c.Strings[l.choose(c.Strings)][key]; ok {
		return translated
	}
	return key
}

// Name says whose pass it is, in one line.
func (c *Contents) Name(l Locale) string {
	card := c.card()
	var parts []string
	for _, part := range []string{card.Organization, card.Description} {
		if part = c.Text(part, l); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// same reports whether two values are equal however they are written.
func same(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}
