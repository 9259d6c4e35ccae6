package render

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Limits of a pass; passmill's own.
const (
	MaxPass  = 256 << 10 // bytes of pass.json
	minToken = 16        // characters of an authentication token, Apple's
)

// Errors of Fill that callers branch on.
var (
	ErrNoValue = errors.New("has no value, but is required")
	ErrNotUTF8 = errors.New("is not valid UTF-8")
	ErrNotJSON = errors.New("is not JSON of the kind that was declared")
	// ErrTranslatedTwice means that a phone could not tell which of two
	// translations of one text is meant.
	ErrTranslatedTwice = errors.New("translates the same text as another column, but otherwise")
	ErrTooLarge        = fmt.Errorf("pass.json is larger than %d KiB", MaxPass>>10)
	errNoSerial        = errors.New("the serial number is empty or not valid UTF-8")
	errBadToken        = fmt.Errorf("the authentication token has fewer than %d characters", minToken)
	errMismatch        = errors.New("render: values and names differ in number")
	errNoTypeIDs       = errors.New("the pass type identifier or the team identifier is missing")
)

// A Value is what a row has for one name. The zero Value is absent.
//
// JSON, if it is not empty, is what a leaf becomes that is the placeholder
// alone, as far as the place can hold it: a number or boolean where Apple wants
// a string gives way to Text. A JSON string stands for a date: it is taken where
// a date belongs, in fields with a date or time style, and where Apple's pages
// say nothing of the key; elsewhere people read, and Text is taken.
type Value struct {
	Text    string // what stands inside of text
	JSON    string // "12.50", "true", "[…]", or "\"2026-12-31T18:00:00+01:00\""
	Present bool
}

// An Input is what one pass is made of.
type Input struct {
	Values []Value // parallel to Template.Names
	Serial string
	Token  string // the pass's own; used if there is a WebServiceURL
}

// A ValueError says what is wrong with the value of one name. Err is one of the
// errors above, or wraps one.
type ValueError struct {
	Name string
	Err  error
}

// Error returns the name and what is wrong with its value, which is not quoted.
func (e *ValueError) Error() string { return e.Name + " " + e.Err.Error() }

// Unwrap returns Err.
func (e *ValueError) Unwrap() error { return e.Err }

// Fill makes the contents of the files that [Template.Files] names, in their
// order. It writes into the elements of dst as far as they have room, and dst
// may be nil; the result is valid until dst is used again.
//
// An absent value drops the member that it is the whole value of. Inside of
// other text it is replaced by nothing; if only blanks remain, the member is
// dropped too. What is of no use without a dropped member goes with it: a field
// without value, a barcode without message, a place without coordinates (see
// [Shape].Needs), and every list and object that is emptied by this, but a style
// dictionary.
//
// Where a localizable member is one whole placeholder of a field with languages,
// the row's translations go into pass.strings. A strings file with nothing in it
// is nil: the pass has none.
//
// Control characters in values are escaped; invalid UTF-8 is refused. The error
// joins a [*ValueError] for each value that is missing or bad.
func (t *Template) Fill(dst [][]byte, in Input) ([][]byte, error) {
	if err := t.check(in); err != nil {
		return nil, err
	}
	for len(dst) < 1+len(t.files) {
		dst = append(dst, nil)
	}
	dst = dst[:1+len(t.files)]
	if dst[0] == nil {
		dst[0] = make([]byte, 0, 4<<10) // most passes: one allocation
	}
	f := &filler{in: in, dependents: t.dependents, names: t.names}
	dst[0], _ = f.value(dst[0][:0], &t.pass)
	if len(dst[0]) > MaxPass {
		return nil, ErrTooLarge
	}
	var errs []error
	for i := range t.files {
		var err error
		if dst[1+i], err = t.files[i].fill(dst[1+i][:0], f); err != nil {
			errs = append(errs, err)
		}
		if len(dst[1+i]) == 0 {
			dst[1+i] = nil
		}
	}
	return dst, errors.Join(errs...)
}

func (t *Template) check(in Input) error {
	if len(in.Values) != len(t.names) {
		return errMismatch
	}
	var errs []error
	if in.Serial == "" || !utf8.ValidString(in.Serial) {
		errs = append(errs, errNoSerial)
	}
	if t.id.TypeID == "" || t.id.TeamID == "" {
		errs = append(errs, errNoTypeIDs)
	}
	if t.id.WebServiceURL != "" && (len(in.Token) < minToken || !utf8.ValidString(in.Token)) {
		errs = append(errs, errBadToken)
	}
	for i := range in.Values {
		if err := t.fields[i].check(&in.Values[i]); err != nil {
			errs = append(errs, &ValueError{Name: t.names[i], Err: err})
		}
	}
	if errs == nil {
		return nil
	}
	return errors.Join(errs...)
}

func (f *Field) check(v *Value) error {
	switch {
	case !v.Present:
		if f.Optional {
			return nil
		}
		return ErrNoValue
	case !utf8.ValidString(v.Text):
		return ErrNotUTF8
	case v.JSON == "" || validNumber(v.JSON) || v.JSON == "true" || v.JSON == "false" || plainString(v.JSON):
		return nil
	case len(v.JSON) > MaxPass:
		return ErrTooLarge
	}
	n, err := Decode("value", []byte(v.JSON))
	if at, ok := errors.AsType[*Error](err); ok {
		return fmt.Errorf("%w (line %d, column %d)", ErrNotJSON, at.Line, at.Column) // without words of the value
	}
	if n.Kind >= ArrayNode && !f.JSON {
		return fmt.Errorf("%w: it is %v", ErrNotJSON, n.Kind)
	}
	return nil
}

// plainString reports whether s is a JSON string of ASCII without escapes, as
// dates are.
func plainString(s string) bool {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	for i := 1; i < len(s)-1; i++ {
		if !plain[s[i]] || s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
