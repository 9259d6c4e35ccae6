package jobs

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// setValue puts a cell into a member of the job; entry is the key in a map.
func setValue(to reflect.Value, entry string, c Cell) error {
	if c.Kind == ErrorCell {
		return errors.New("the formula in this cell has no result but an error; write the value itself")
	}
	if own, ok := to.Addr().Interface().(yaml.InterfaceUnmarshaler); ok {
		return own.UnmarshalYAML(func(v any) error {
			word, ok := v.(*string)
			if !ok {
				return errors.New("is one word")
			}
			*word = shareOf(c)
			return nil
		})
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(wordOf(c))
	case reflect.Int:
		n, err := intOf(c)
		if err != nil {
			return err
		}
		to.SetInt(int64(n))
	case reflect.Bool:
		c.Text = strings.TrimSpace(c.Text)
		_, literal, m := boolean(c)
		if m != nil {
			return fmt.Errorf("%s; %s", m.message, m.fix)
		}
		to.SetBool(literal == "true")
	case reflect.Slice:
		for part := range strings.FieldsFuncSeq(c.Text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
			if part = strings.TrimSpace(part); part != "" {
				to.Set(reflect.Append(to, reflect.ValueOf(part).Convert(to.Type().Elem())))
			}
		}
	case reflect.Map:
		if to.IsNil() {
			to.Set(reflect.MakeMap(to.Type()))
		}
		to.SetMapIndex(reflect.ValueOf(entry), reflect.ValueOf(wordOf(c)))
	default:
		return errors.New("can't be said in a sheet; write a job file")
	}
	return nil
}

// wordOf returns a cell as a word of a job: a date as ISO 8601, and everything
// else as a person sees it.
func wordOf(c Cell) string {
	switch c.Kind {
	case DateCell:
		return strings.TrimSuffix(c.Raw, "T00:00:00")
	case BoolCell:
		return c.Raw
	}
	return strings.TrimSpace(c.Text)
}

// shareOf returns a cell as a word in which a share may stand: 1% is stored as
// 0.01, and may be shown as 1.0 %.
func shareOf(c Cell) string {
	if c.Kind != NumberCell || !strings.HasSuffix(strings.TrimSpace(c.Text), "%") {
		return wordOf(c)
	}
	share, err := strconv.ParseFloat(c.Raw, 64)
	if err != nil {
		return wordOf(c)
	}
	return Policy{share}.percent()
}

func intOf(c Cell) (int, error) {
	r, err := newReader(Field{Type: TypeInteger})
	if err != nil {
		return 0, err
	}
	c.Text = strings.TrimSpace(c.Text)
	digits, _, m := r.number(c)
	if m != nil {
		return 0, fmt.Errorf("%s; write a number such as 1", m.message)
	}
	return strconv.Atoi(digits)
}
