package phone

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// A Locale is the language and the place of a phone. The zero value is English in
// Greenwich.
type Locale struct {
	Language language.Tag
	Zone     *time.Location
}

// choose returns the language of a pass that the phone shows: its own, with or
// without the region, else English, else the first.
func (l Locale) choose(languages map[string]map[string]string) string {
	if len(languages) == 0 {
		return ""
	}
	base, _ := l.Language.Base()
	first := ""
	for _, wanted := range []string{l.Language.String(), base.String(), "en"} {
		for name := range languages {
			if strings.EqualFold(strings.ReplaceAll(name, "_", "-"), wanted) {
				return name
			}
			if first == "" || name < first {
				first = name
			}
		}
	}
	return first
}

// Shown returns the value of a field as a person reads it: numbers, amounts of
// money and dates by the field's style and the phone's language, texts in that
// language. NumberStyles that spell numbers out are shown in digits.
func (c *Contents) Shown(f Field, l Locale) string {
	var n json.Number
	text, isText := textOf(f.Value)
	switch {
	case isText && (f.DateStyle != "" || f.TimeStyle != ""):
		return date(c.Text(text, l), f, l)
	case isText:
		return c.Text(text, l)
	case json.Unmarshal(f.Value, &n) != nil:
		return strings.TrimSpace(string(f.Value))
	case f.CurrencyCode != "":
		return money(n, f.CurrencyCode, l)
	}
	return figure(n, f.NumberStyle, l)
}

// textOf returns a value that is a JSON string.
func textOf(value json.RawMessage) (string, bool) {
	var text string
	if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return "", false
	}
	return text, true
}

// figure writes a number in a style.
func figure(n json.Number, style string, l Locale) string {
	p := message.NewPrinter(l.Language)
	f, _ := n.Float64()
	switch style {
	case "PKNumberStylePercent":
		return p.Sprint(number.Percent(f))
	case "PKNumberStyleScientific":
		text := strconv.FormatFloat(f, 'E', -1, 64) // 1.25E+03
		mantissa, exponent, _ := strings.Cut(text, "E")
		power, _ := strconv.Atoi(exponent)
		return mantissa + "E" + strconv.Itoa(power)
	}
	if i, err := n.Int64(); err == nil {
		return p.Sprint(number.Decimal(i))
	}
	return p.Sprint(number.Decimal(f))
}

// money writes an amount with its currency: before it where the language has it
// so, else behind it.
func money(n json.Number, code string, l Locale) string {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return figure(n, "", l) + " " + code
	}
	digits, _ := currency.Standard.Rounding(unit)
	amount, _ := n.Float64()
	p := message.NewPrinter(l.Language)
	text := p.Sprint(number.Decimal(math.Abs(amount), number.Scale(digits)))
	symbol := p.Sprint(currency.NarrowSymbol(unit))
	minus := ""
	if amount < 0 {
		minus = "-"
	}
	switch base, _ := l.Language.Base(); base.String() {
	case "en", "ja", "zh", "ko", "th", "he", "und":
		return minus + symbol + text
	case "nl":
		return symbol + "\u00a0" + minus + text
	}
	return minus + text + "\u00a0" + symbol
}
