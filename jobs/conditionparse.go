package jobs

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	plainNumber = regexp.MustCompile(`^-?[0-9]{1,40}(\.[0-9]{1,40})?$`)
	token       = regexp.MustCompile(`^(?:'(?:[^']|'')*'|"[^"]*"|[<>!]=|<>|[=<>(),]|-?[\p{L}\p{N}_][\p{L}\p{N}_.:+-]*)`)
	plainDay    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

// bounds of a condition, which a person types.
const (
	maxCondition = 10_000
	maxDepth     = 50
)

// ParseCondition reads a [Condition].
func ParseCondition(text string) (*Condition, error) {
	if len(text) > maxCondition {
		return nil, fmt.Errorf("a condition has at most %d bytes", maxCondition)
	}
	p := &conditionParser{rest: text}
	if err := p.next(); err != nil {
		return nil, err
	}
	root, err := p.either(0)
	if err != nil {
		return nil, err
	}
	if p.token != "" {
		return nil, p.unexpected("and, or, or the end")
	}
	return &Condition{text: text, root: root, fields: p.fields}, nil
}

type conditionParser struct {
	rest   string
	token  string // "" at the end
	fields []string
}

func (p *conditionParser) next() error {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	p.token = token.FindString(p.rest)
	if p.token == "" && p.rest != "" {
		return fmt.Errorf("what begins with %q makes no sense; texts stand in single quotes, as in Tier = 'Gold'", p.rest[:1])
	}
	p.rest = p.rest[len(p.token):]
	return nil
}

func (p *conditionParser) unexpected(want string) error {
	return fmt.Errorf("expected %s, and found %s", want, cmp.Or(p.token, "the end"))
}

// take goes on if the next token is a word or sign.
func (p *conditionParser) take(word string) (bool, error) {
	if !strings.EqualFold(p.token, word) {
		return false, nil
	}
	return true, p.next()
}

func (p *conditionParser) either(depth int) (node, error) {
	return p.list("or", depth, p.both, func(l []node) node { return either(l) })
}

func (p *conditionParser) both(depth int) (node, error) {
	return p.list("and", depth, p.one, func(l []node) node { return both(l) })
}

// list reads parts with a word between them.
func (p *conditionParser) list(word string, depth int, part func(int) (node, error), join func([]node) node) (node, error) {
	var list []node
	for {
		n, err := part(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if more, err := p.take(word); err != nil {
			return nil, err
		} else if !more {
			break
		}
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return join(list), nil
}

func (p *conditionParser) one(depth int) (node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("is nested deeper than %d times", maxDepth)
	}
	if not, err := p.take("not"); err != nil {
		return nil, err
	} else if not {
		n, err := p.one(depth + 1)
		return negated{n}, err
	}
	open, err := p.take("(")
	if err != nil {
		return nil, err
	}
	if !open {
		return p.comparison()
	}
	n, err := p.either(depth + 1)
	if err != nil {
		return nil, err
	}
	if closed, err := p.take(")"); err != nil || !closed {
		return nil, cmp.Or(err, p.unexpected("a closing parenthesis"))
	}
	return n, nil
}

func (p *conditionParser) comparison() (node, error) {
	c := comparison{field: strings.Trim(p.token, `"`)}
	if c.field == "" || strings.ContainsAny(c.field[:1], "'<>=!(),") {
		return nil, p.unexpected("the name of a field")
	}
	p.fields = append(p.fields, FoldName(c.field))
	if err := p.next(); err != nil {
		return nil, err
	}
	not, err := p.take("not")
	if err != nil {
		return nil, err
	}
	switch c.operator = strings.ToLower(p.token); {
	case c.operator == "<>":
		c.operator = "!="
	case not && c.operator != "in", !slices.Contains([]string{"=", "!=", "<", "<=", ">", ">=", "in"}, c.operator):
		return nil, p.unexpected("=, !=, <, <=, >, >= or in after the field " + c.field)
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	if c.literals, err = p.literals(c.operator == "in"); err != nil {
		return nil, err
	}
	if not {
		return negated{c}, nil
	}
	return c, nil
}

// literals reads one literal, or several in parentheses.
func (p *conditionParser) literals(several bool) (list []literalValue, err error) {
	if !several {
		l, err := p.literal()
		return []literalValue{l}, err
	}
	if open, err := p.take("("); err != nil || !open {
		return nil, cmp.Or(err, p.unexpected("a list such as ('Gold', 'Silver') after in"))
	}
	for {
		l, err := p.literal()
		if err != nil {
			return nil, err
		}
		list = append(list, l)
		if more, err := p.take(","); err != nil {
			return nil, err
		} else if !more {
			break
		}
	}
	if closed, err := p.take(")"); err != nil || !closed {
		return nil, cmp.Or(err, p.unexpected("a comma or a closing parenthesis"))
	}
	return list, nil
}

func (p *conditionParser) literal() (l literalValue, err error) {
	word := p.token
	switch lower := strings.ToLower(word); {
	case strings.HasPrefix(word, "'"):
		l = literalValue{kind: TypeText, text: strings.ReplaceAll(word[1:len(word)-1], "''", "'")}
	case plainNumber.MatchString(word):
		number, _ := new(big.Rat).SetString(word)
		l = literalValue{kind: TypeNumber, text: word, number: number}
	case plainDay.MatchString(word):
		if _, err := time.Parse(time.DateOnly, word); err != nil {
			return l, fmt.Errorf("%s is no day of the calendar", word)
		}
		l = literalValue{kind: TypeDate, text: word}
	case lower == "true" || lower == "false":
		l = literalValue{kind: TypeBoolean, text: lower}
	default:
		return l, p.unexpected("a text in single quotes, a number, a day such as 2026-12-31, true or false")
	}
	return l, p.next()
}
