package jobs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A numberFormat says how numbers are written: "#,##0.00" has a comma between
// thousands and two places after a full stop.
type numberFormat struct {
	group, point string // separators; group may be empty
	places       int    // digits after the point, at least
	form         *regexp.Regexp
}

var numberPattern = regexp.MustCompile(`^(?:#([., ' ])##)?0(?:([.,])(0+))?$`)

func parseNumberFormat(text string) (*numberFormat, error) {
	m := numberPattern.FindStringSubmatch(text)
	if m == nil || (m[1] != "" && m[1] == m[2]) {
		return nil, fmt.Errorf("format %q is not understood; write it like 0, 0.00, #,##0 or #.##0,00", text)
	}
	f := &numberFormat{group: m[1], point: m[2], places: len(m[3])}
	if f.point == "" {
		f.point = "."
		if f.group == "." {
			f.point = ","
		}
	}
	whole, point := `[0-9]+`, regexp.QuoteMeta(f.point)
	if f.group != "" {
		whole = `(?:[0-9]+|[0-9]{1,3}(?:` + regexp.QuoteMeta(f.group) + `[0-9]{3})+)`
	}
	f.form = regexp.MustCompile(`^-?` + whole + `(?:` + point + `[0-9]+)?$`)
	return f, nil
}

// write returns canonical digits in the format.
func (f *numberFormat) write(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if len(fraction) <= f.places { // never round what somebody wrote
		fraction += strings.Repeat("0", f.places-len(fraction))
	}
	if f.group != "" {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + f.group + whole[i:]
		}
	}
	if fraction != "" {
		whole += f.point + fraction
	}
	return sign + whole
}

// canonical are the numbers that are written the same everywhere and stand in
// JSON as they are.
var canonical = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// The other forms that leave no doubt, and the one that does.
var (
	grouped   = regexp.MustCompile(`^-?[1-9][0-9]{0,2}([., ' ’])[0-9]{3}(?:([., ' ’])[0-9]{3})*([.,][0-9]+)?$`)
	oneComma  = regexp.MustCompile(`^-?[0-9]+,[0-9]+$`)
	ambiguous = regexp.MustCompile(`^-?[1-9][0-9]{0,2}[.,][0-9]{3}$`) // no group begins with 0
	anyDigits = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
)

// variants are the characters that programs write for a blank or a minus sign.
var variants = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ", "\u2212", "-")

var errAmbiguous = errors.New("could mean thousands or a fraction")

// parseNumber returns the canonical digits of a number in text. Without a format
// a comma before three digits leaves doubt, and a full stop too if stop is set.
func parseNumber(text string, f *numberFormat, stop bool) (string, error) {
	if f != nil {
		if !f.form.MatchString(text) {
			return "", errors.New("is not a number in the field's format")
		}
		if f.group != "" {
			text = strings.ReplaceAll(text, f.group, "")
		}
		text = strings.Replace(text, f.point, ".", 1)
		return trimZeros(text)
	}
	if ambiguous.MatchString(text) && (stop || strings.Contains(text, ",")) {
		return "", errAmbiguous // 1,234
	}
	if anyDigits.MatchString(text) {
		return trimZeros(text)
	}
	if m := grouped.FindStringSubmatch(text); m != nil {
		if m[3] != "" && strings.HasPrefix(m[3], m[1]) {
			return "", errors.New("is not a number")
		}
		whole := strings.TrimSuffix(text, m[3])
		if m[3] != "" {
			m[3] = "." + m[3][1:]
		}
		return trimZeros(strings.ReplaceAll(whole, m[1], "") + m[3])
	}
	if oneComma.MatchString(text) {
		return trimZeros(strings.Replace(text, ",", ".", 1))
	}
	return "", errors.New("is not a number")
}

// trimZeros takes off leading zeros, which JSON forbids, and the sign of nothing,
// and checks the rest.
func trimZeros(text string) (string, error) {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	for len(text) > 1 && text[0] == '0' && text[1] != '.' {
		text = text[1:]
	}
	if !canonical.MatchString(text) {
		return "", errors.New("is not a number")
	}
	if strings.Trim(text, "0.") == "" {
		sign = ""
	}
	return sign + text, nil
}

// currency is what may stand around an amount: signs, and codes of three letters.
var currency = regexp.MustCompile(`(?i)^(?:\p{Sc}|[a-z]{3}\b|kr\.?|zł)\s*|\s*(?:\p{Sc}|\b[a-z]{3}|kr\.?|zł)$`)

func (r *reader) number(c Cell) (text, json string, m *mistake) {
	source, format, stop := c.Raw, (*numberFormat)(nil), false // Raw is canonical already
	if c.Kind != NumberCell {
		source, format = variants.Replace(c.Text), r.numbers
		stop = r.field.Type != TypeNumber // 1.234 is no usual amount, and no whole number
	}
	if c.Kind != NumberCell && r.field.Type == TypeMoney {
		source = currency.ReplaceAllString(source, "")
	}
	digits, err := parseNumber(source, format, stop)
	if err != nil {
		fix := "write it with digits and a full stop, like 1234.5"
		if r.field.Type == TypeInteger {
			fix = "write it with digits only, like 1234"
		}
		if errors.Is(err, errAmbiguous) {
			example := "#,##0"
			if strings.Contains(source, ".") {
				example = "#.##0"
			}
			fix = fmt.Sprintf("write it without a separator, or declare the field's format in template.yaml, for example format: %q", example)
		}
		return "", "", &mistake{"not-a-number", err.Error(), fix}
	}
	if r.field.Type == TypeInteger {
		whole, fraction, _ := strings.Cut(digits, ".")
		if strings.Trim(fraction, "0") != "" {
			return "", "", &mistake{"not-a-whole-number", "is not a whole number", "take off what stands after the point"}
		}
		digits = whole
	}
	text = digits
	if r.numbers != nil {
		text = r.numbers.write(digits)
	}
	return text, digits, nil
}
