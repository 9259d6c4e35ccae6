package jobs

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// A Condition chooses rows by their values: "Tier = 'Gold' and Points >= 1000". It is
// a small language of its own, which can do nothing but compare:
//
//	condition  = all { "or" all }
//	all        = one { "and" one }
//	one        = "not" one | "(" condition ")" | comparison
//	comparison = field ( "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=" ) literal
//	           | field [ "not" ] "in" "(" literal { "," literal } ")"
//	field      = a name as in the template, in double quotes if it has blanks
//	literal    = 'text' (a quote in it is doubled) | 1250.5 | 2026-12-31 | true | false
//
// The literal says how values are compared: as text, as numbers, as days, as truth
// values. A value that is absent is the empty text, and nothing else.
type Condition struct {
	text   string
	root   node
	fields []string // folded names
}

// Fields returns the names of the fields that the condition asks for, folded.
func (c *Condition) Fields() []string { return c.fields }

// String returns the condition as it was written.
func (c *Condition) String() string { return c.text }

// A node is a part of a condition. values holds the values of a row by folded name.
type node interface {
	holds(values map[string]Value) (bool, error)
}

type (
	either  []node
	both    []node
	negated struct{ node }
)

func (e either) holds(values map[string]Value) (bool, error) {
	for _, n := range e {
		if ok, err := n.holds(values); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (b both) holds(values map[string]Value) (bool, error) {
	for _, n := range b {
		if ok, err := n.holds(values); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (n negated) holds(values map[string]Value) (bool, error) {
	ok, err := n.node.holds(values)
	return !ok, err
}

// A comparison compares the value of a field with literals: with the one, or whether it
// is among them.
type comparison struct {
	field    string // as written
	operator string // = != < <= > >= in
	literals []literalValue
}

// A literalValue is a literal by its type.
type literalValue struct {
	kind   Type // TypeText, TypeNumber, TypeDate or TypeBoolean
	text   string
	number *big.Rat
}

// Holds reports whether the condition holds for a row whose values are as
// [AppendValues] wrote them. An error names the field, never the value.
func (c *Condition) Holds(data []byte) (bool, error) {
	values := make(map[string]Value, len(c.fields))
	for v, err := range NamedValues(data) {
		if err != nil {
			return false, err
		}
		if name := FoldName(v.Name); slices.Contains(c.fields, name) {
			values[name] = v.Value
		}
	}
	return c.root.holds(values)
}

func (c comparison) holds(values map[string]Value) (bool, error) {
	v := values[FoldName(c.field)]
	for _, l := range c.literals {
		order, ok, err := l.compare(v)
		if err != nil {
			return false, fmt.Errorf("field %s %w", c.field, err)
		}
		holds := false
		switch c.operator {
		case "=", "in":
			holds = ok && order == 0
		case "!=":
			return !ok || order != 0, nil
		case "<":
			holds = ok && order < 0
		case "<=":
			holds = ok && order <= 0
		case ">":
			holds = ok && order > 0
		case ">=":
			holds = ok && order >= 0
		}
		if holds {
			return true, nil
		}
	}
	return false, nil
}

// compare says how a value lies to the literal; ok is false for a value that is absent,
// and so is neither equal nor before nor behind.
func (l literalValue) compare(v Value) (order int, ok bool, err error) {
	if !v.Present {
		return 0, l.kind == TypeText && l.text == "", nil
	}
	switch l.kind {
	case TypeNumber:
		number, isNumber := rational(v)
		if !isNumber {
			return 0, false, errors.New("holds no number in some row; compare it with a text, in single quotes")
		}
		return number.Cmp(l.number), true, nil
	case TypeDate:
		day, isDay := dayOf(v)
		if !isDay {
			return 0, false, errors.New("holds no date in some row; compare it with a text, in single quotes")
		}
		return strings.Compare(day, l.text), true, nil
	case TypeBoolean:
		is := v.JSON
		if is != "true" && is != "false" {
			return 0, false, errors.New("holds no truth value in some row; compare it with a text, in single quotes")
		}
		return strings.Compare(is, l.text), true, nil
	}
	return strings.Compare(v.Text, l.text), true, nil
}

// rational returns the number that a value is, or is the text of.
func rational(v Value) (*big.Rat, bool) {
	for _, text := range []string{v.JSON, v.Text} {
		if plainNumber.MatchString(text) {
			return new(big.Rat).SetString(text)
		}
	}
	return nil, false
}

// dayOf returns the day of a value as 2006-01-02: the one that its own zone has.
func dayOf(v Value) (string, bool) {
	for _, text := range []string{strings.Trim(v.JSON, `"`), v.Text} {
		if len(text) < len(time.DateOnly) {
			continue
		}
		if _, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)]); err == nil {
			return text[:len(time.DateOnly)], true
		}
	}
	return "", false
}
