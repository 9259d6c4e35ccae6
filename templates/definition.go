package templates

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"passmill/jobs"
	"passmill/render"
)

// A place is where a word of template.yaml stands.
type place struct{ line, column int }

// A definition reads template.yaml, word by word, so that every mistake has its
// place and none hides another.
type definition struct {
	t    *Template
	errs []error
}

// readDefinition reads template.yaml into t. A template without one declares
// nothing.
func (t *Template) readDefinition(data []byte) error {
	t.places = make(map[string]place)
	d := &definition{t: t}
	root, err := parseYAML(data)
	if err != nil {
		return err
	}
	d.mapping(root, "template.yaml", []string{"description", "activeFrom", "timeZone", "compatible", "fields"}, d.top)
	for i := range t.Fields {
		if f := &t.Fields[i]; f.TimeZone == "" && (f.Type == jobs.TypeDate || f.Type == jobs.TypeDateTime) {
			f.TimeZone = t.TimeZone
		}
	}
	return errors.Join(d.errs...)
}

// parseYAML returns the root of a document, nil if it is empty.
func parseYAML(data []byte) (root ast.Node, err error) {
	defer func() {
		if recover() != nil { // the parser has panicked on damaged files before
			err = &render.Error{File: definitionFile, Line: 1, Column: 1, Message: "is no YAML that can be read"}
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if yerr, ok := errors.AsType[yaml.Error](err); ok && yerr.GetToken() != nil {
		at := yerr.GetToken().Position
		return nil, &render.Error{File: definitionFile, Line: at.Line, Column: at.Column, Message: yerr.GetMessage()}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", definitionFile, err)
	case len(file.Docs) > 1:
		return nil, fmt.Errorf("%s: holds several documents; keep the first", definitionFile)
	case len(file.Docs) == 0:
		return nil, nil
	}
	return file.Docs[0].Body, nil
}

func at(n ast.Node) place {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return place{1, 1}
	}
	p := n.GetToken().Position
	return place{p.Line, p.Column}
}

func (d *definition) add(n ast.Node, format string, args ...any) {
	p := at(n)
	d.errs = append(d.errs, &render.Error{File: definitionFile, Line: p.line, Column: p.column, Message: fmt.Sprintf(format, args...)})
}

// mapping calls use for every key of n, which may be nothing at all. known are
// the keys that are allowed; nil allows any.
func (d *definition) mapping(n ast.Node, what string, known []string, use func(key string, k, v ast.Node)) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		d.add(n, "%s has keys and values, such as %s", what, "{type: text}")
	}
	for _, pair := range pairs {
		key, ok := scalar(pair.Key)
		switch {
		case !ok:
			d.add(pair.Key, "a plain word is expected as key")
		case known != nil && !slices.Contains(known, key):
			d.add(pair.Key, "unknown key %q%s", key, hint(key, known))
		default:
			use(key, pair.Key, pair.Value)
		}
	}
}

// hint names what may have been meant.
func hint(word string, known []string) string {
	if near := jobs.Nearest(word, known); near != "" {
		return fmt.Sprintf("; was %q meant?", near)
	}
	return "; known are " + strings.Join(known, ", ")
}

// scalar returns the text of a plain value, as it is written but for quotes.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	case *ast.NullNode:
		return "", true
	}
	return "", false
}

func (d *definition) top(key string, k, v ast.Node) {
	switch key {
	case "description":
		d.text(v, &d.t.Description)
	case "activeFrom":
		d.time(v, &d.t.ActiveFrom)
	case "timeZone":
		d.zone(v, &d.t.TimeZone)
	case "compatible":
		d.boolean(v, &d.t.Compatible)
	case "fields":
		d.mapping(v, "fields", nil, d.field)
	}
}

func (d *definition) text(n ast.Node, to *string) {
	s, ok := scalar(n)
	if !ok {
		d.add(n, "text is expected here; put it in quotes")
	}
	*to = s
}

func (d *definition) time(n ast.Node, to *time.Time) {
	s, _ := scalar(n)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		d.add(n, "%q is no point in time; write it as 2026-01-01T00:00:00+01:00", s)
	}
	*to = t
}

func (d *definition) zone(n ast.Node, to *string) {
	s, _ := scalar(n)
	if _, err := time.LoadLocation(s); err != nil || s == "" || s == "Local" {
		d.add(n, "%q is no time zone; write it as Europe/Berlin", s)
		return
	}
	*to = s
}

func (d *definition) timeOfDay(n ast.Node, to *string) {
	s, _ := scalar(n)
	if _, err := time.Parse(time.TimeOnly, s); err != nil {
		d.add(n, "%q is no time of day; write it as \"23:59:59\", in quotes", s)
	}
	*to = s
}

func (d *definition) boolean(n ast.Node, to *bool) {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		d.add(n, "true or false is expected here")
		return
	}
	*to = b.Value
}

func (d *definition) count(n ast.Node, to *int) {
	s, _ := scalar(n)
	i, err := strconv.Atoi(s)
	if err != nil || i < 1 {
		d.add(n, "a whole number above 0 is expected here")
		return
	}
	*to = i
}

// list reads a list of plain values without repetitions.
func (d *definition) list(n ast.Node, to *[]string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok || len(seq.Values) == 0 {
		d.add(n, "a list is expected here, such as [Basic, Gold]")
		return
	}
	for _, v := range seq.Values {
		s, ok := scalar(v)
		switch {
		case !ok || s == "":
			d.add(v, "a plain value is expected here; put it in quotes")
		case slices.Contains(*to, s):
			d.add(v, "%q stands twice in the list", s)
		default:
			*to = append(*to, s)
		}
	}
}
