package jobs

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// maxTextLength bounds every value, in characters, whatever its field declares:
// a phone shows no more, and a cell that swallowed a file is a mistake.
const maxTextLength = 10_000

// maxJSONLength bounds JSON, which holds many values: all fields of a pass's
// back, say.
const maxJSONLength = 10 * maxTextLength

// A mistake is what is wrong with one cell, before it is known where the cell is.
type mistake struct {
	code, message, fix string
}

// A reader reads the cells of one field. It is safe for concurrent use.
type reader struct {
	field   Field
	zone    *time.Location
	dates   *dateFormat   // nil unless the field declares one
	numbers *numberFormat // nil unless the field declares one
	at      time.Duration // time of day that a date stands for
	oneOf   map[string]string
	preset  Value // of the field's default
}

// newReader checks the field's declaration and reports all that is wrong in it.
func newReader(f Field) (*reader, error) {
	r := &reader{field: f, zone: time.UTC}
	var errs []error
	add := func(err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("field %s: %w", f.Name, err))
		}
	}
	if f.TimeZone != "" {
		zone, err := time.LoadLocation(f.TimeZone)
		if err != nil {
			add(fmt.Errorf("time zone %q is unknown; write a name such as Europe/Berlin", f.TimeZone))
		} else {
			r.zone = zone
		}
	}
	add(r.readFormat())
	if f.At != "" {
		at, err := time.Parse(time.TimeOnly, f.At)
		if err != nil {
			add(fmt.Errorf("at %q is no time of day; write it as \"23:59:59\"", f.At))
		}
		r.at = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second
	}
	if len(f.OneOf) > 0 {
		r.oneOf = make(map[string]string, len(f.OneOf))
		for _, v := range f.OneOf {
			r.oneOf[strings.ToLower(v)] = v
			if _, _, m := r.convert(Cell{Text: v, Kind: TextCell}); m != nil && len(errs) == 0 {
				add(fmt.Errorf("its choice %q: %s", v, m.message))
			}
		}
	}
	if f.Default != "" && len(errs) == 0 {
		v, m := r.parse(Cell{Text: f.Default, Kind: TextCell})
		if m != nil {
			add(fmt.Errorf("its default %q: %s", f.Default, m.message))
		}
		r.preset = v
	}
	return r, errors.Join(errs...)
}

// Check reports everything that makes no sense in the field's declaration.
func (f Field) Check() error {
	_, err := newReader(f)
	return err
}

// Read reads text as a cell of the field's column would be read: for defaults and
// samples. Its error says what is wrong with the text, or with the field itself.
func (f Field) Read(text string) (Value, error) {
	f.Default = ""
	r, err := newReader(f)
	if err != nil {
		return Value{}, err
	}
	v, m := r.read(Cell{Text: text, Kind: TextCell})
	if m != nil {
		return Value{}, errors.New(m.message + "; " + m.fix)
	}
	return v, nil
}

func (r *reader) readFormat() (err error) {
	switch r.field.Type {
	case TypeDate, TypeDateTime:
		if r.field.Format != "" {
			r.dates, err = parseDateFormat(r.field.Format)
		}
	case TypeNumber, TypeInteger, TypeMoney:
		if r.field.Format != "" {
			r.numbers, err = parseNumberFormat(r.field.Format)
		}
	default:
		if r.field.Format != "" {
			err = fmt.Errorf("format %q: only dates and numbers have a format", r.field.Format)
		}
	}
	return err
}

// noResult says what stands in the place of a value.
func noResult(c Cell) *mistake {
	switch c.Text {
	case "NaN", "Infinity", "-Infinity": // no spreadsheet's
		return &mistake{"not-a-number", "is infinite or not a number in the database", "correct it there, or let the query give NULL in its place"}
	case "binary data":
		return &mistake{"bad-text", "holds binary data, which is no text", "leave it out of the query, or let it be turned into text"}
	}
	return &mistake{"formula-error", "the formula in this cell has no result but an error", "mend the formula, or write the value itself"}
}

// read returns the value of a cell, or what is wrong with it.
func (r *reader) read(c Cell) (Value, *mistake) {
	if c.Kind == ErrorCell {
		return Value{}, noResult(c)
	}
	if strings.TrimSpace(c.Text) == "" && c.Raw == "" {
		switch {
		case r.preset.Present:
			return r.preset, nil
		case r.field.Optional:
			return Value{}, nil
		}
		return Value{}, &mistake{"missing", "is required and empty", "fill the cell, or declare the field optional or with a default in template.yaml"}
	}
	return r.parse(c)
}

func (r *reader) parse(c Cell) (Value, *mistake) {
	c.Text = strings.TrimSpace(c.Text)
	limit := maxTextLength
	if r.field.Type == TypeJSON {
		limit = maxJSONLength
	}
	if m := checkText(c.Text, limit); m != nil && c.Kind != ListCell { // whose elements were checked one by one
		return Value{}, m
	}
	if r.oneOf != nil {
		v, ok := r.oneOf[strings.ToLower(c.Text)]
		if !ok {
			fix := "write one of " + strings.Join(r.field.OneOf, ", ")
			return Value{}, &mistake{"not-allowed", "is none of the allowed values", fix}
		}
		c.Text = v
	}
	text, json, m := r.convert(c)
	if m != nil {
		return Value{}, m
	}
	limit = r.field.MaxLength
	if limit > 0 && utf8.RuneCountInString(text) > limit {
		return Value{}, &mistake{"too-long", fmt.Sprintf("has %d characters, but at most %d are allowed", utf8.RuneCountInString(text), limit), "shorten it"}
	}
	return Value{Text: text, JSON: json, Present: true}, nil
}

func (r *reader) convert(c Cell) (text, json string, m *mistake) {
	switch r.field.Type {
	case TypeNumber, TypeInteger, TypeMoney:
		return r.number(c)
	case TypeBoolean:
		return boolean(c)
	case TypeDate, TypeDateTime:
		return r.date(c)
	case TypeURL:
		return link(c.Text)
	case TypeEmail:
		return email(c.Text)
	case TypeColor:
		return color(c.Text)
	case TypeJSON:
		return literal(c.Text)
	case TypeImage:
		return c.Text, "", invisible(c.Text)
	}
	return strings.ReplaceAll(c.Text, "\r\n", "\n"), "", nil
}

// checkText refuses what no person means to write and what changes how its
// neighbours are shown: control characters, and the invisible ones that turn
// the direction of text (Unicode's explicit bidirectional formatting).
func checkText(s string, limit int) *mistake {
	if len(s) > limit && utf8.RuneCountInString(s) > limit {
		return &mistake{"too-long", fmt.Sprintf("has more than %d characters", limit), "shorten it"}
	}
	for i, c := range s {
		switch {
		case c == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return &mistake{"bad-text", "holds bytes that are no text (invalid UTF-8)", "type the text again, or save the file as UTF-8"}
			}
		case c < ' ' && c != '\n' && c != '\t' && c != '\r', c == 0x7f:
			return &mistake{"bad-text", fmt.Sprintf("holds the invisible control character U+%04X", c), "delete it; typing the text again is the surest way"}
		case c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069:
			return &mistake{"bad-text", fmt.Sprintf("holds the invisible character U+%04X, which turns the direction of text", c), "delete it; typing the text again is the surest way"}
		}
	}
	return nil
}
