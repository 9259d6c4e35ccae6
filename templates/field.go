package templates

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"passmill/jobs"
	"passmill/render"
)

var fieldKeys = []string{
	"type", "required", "optional", "default", "oneOf", "maxLength", "format", "timeZone", "at", "languages", "slot", "note",
}

var language = regexp.MustCompile(`^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$`)

// field reads the declaration of one field.
func (d *definition) field(name string, k, v ast.Node) {
	folded := jobs.FoldName(name)
	if folded == "" || strings.ContainsAny(name, "{}$@\"") || strings.ContainsFunc(name, unicode.IsControl) {
		d.add(k, "%q can't be the name of a field: a name has letters and digits, and none of {}$@\"", name)
		return
	}
	if before, twice := d.t.places[folded]; twice {
		d.add(k, "%q is declared already in line %d: names are compared without case, spaces, _ and -", name, before.line)
		return
	}
	d.t.places[folded] = at(k)
	f := jobs.Field{Name: name, Type: jobs.TypeText}
	var required, optional *bool
	d.mapping(v, "a field", fieldKeys, func(key string, k, v ast.Node) {
		switch key {
		case "required":
			required = new(bool)
			d.boolean(v, required)
		case "optional":
			optional = new(bool)
			d.boolean(v, optional)
		default:
			d.property(&f, key, v)
		}
	})
	if required != nil && optional != nil && *required == *optional {
		d.add(k, "%q is said to be required and optional both; keep one of them", name)
	}
	f.Optional = optional != nil && *optional || required != nil && !*required
	d.checkField(k, &f)
	d.t.Fields = append(d.t.Fields, f)
}

func (d *definition) property(f *jobs.Field, key string, v ast.Node) {
	switch key {
	case "type":
		d.fieldType(v, &f.Type)
	case "default":
		d.text(v, &f.Default)
	case "oneOf":
		d.list(v, &f.OneOf)
	case "maxLength":
		d.count(v, &f.MaxLength)
	case "format":
		d.text(v, &f.Format)
	case "timeZone":
		d.zone(v, &f.TimeZone)
	case "at":
		d.timeOfDay(v, &f.At)
	case "languages":
		d.languages(v, &f.Languages)
	case "slot":
		d.slot(v, &f.Slot)
	case "note":
		d.text(v, &f.Note)
	}
}

func (d *definition) fieldType(n ast.Node, to *jobs.Type) {
	s, _ := scalar(n)
	var names []string
	for _, t := range jobs.Types {
		names = append(names, string(t))
	}
	if !slices.Contains(names, s) {
		d.add(n, "unknown type %q%s", s, hint(s, names))
		return
	}
	*to = jobs.Type(s)
}

// slot reads which of the pass's images a field is.
func (d *definition) slot(n ast.Node, to *string) {
	s, _ := scalar(n)
	if *to = jobs.SlotNamed(s); *to == "" {
		d.add(n, "no image that rows can bring is called %q%s", s, hint(s, jobs.ImageSlots))
		*to = s // so that its lack is not reported as well
	}
}

func (d *definition) languages(n ast.Node, to *[]string) {
	d.list(n, to)
	for _, l := range *to {
		if !language.MatchString(l) {
			d.add(n, "%q is no language; write it as in the folder's name: de, pt-BR", l)
		}
	}
}

// checkField checks what several properties say together.
func (d *definition) checkField(k ast.Node, f *jobs.Field) {
	dated := f.Type == jobs.TypeDate || f.Type == jobs.TypeDateTime
	if f.Type == jobs.TypeImage {
		d.checkImage(k, f)
		return
	}
	switch {
	case f.Slot != "":
		d.add(k, "%q has a slot, but is no image; write type: image", f.Name)
	case f.Default != "" && f.OneOf != nil && !slices.Contains(f.OneOf, f.Default):
		d.add(k, "the default of %q is none of its oneOf%s", f.Name, hint(f.Default, f.OneOf))
	case f.TimeZone != "" && !dated:
		d.add(k, "%q has a time zone, but is no date", f.Name)
	case f.At != "" && f.Type != jobs.TypeDate:
		d.add(k, "%q has a time of day, but is not of type date", f.Name)
	case f.MaxLength > 0 && len([]rune(f.Default)) > f.MaxLength:
		d.add(k, "the default of %q is longer than its maxLength", f.Name)
	}
}

// checkImage checks the declaration of an image, and gives it the slot of its
// name.
func (d *definition) checkImage(k ast.Node, f *jobs.Field) {
	if f.Slot == "" {
		f.Slot = jobs.SlotNamed(f.Name)
	}
	for _, g := range d.t.Fields {
		if g.Slot != "" && g.Slot == f.Slot {
			d.add(k, "%q and %q are both the %s of the pass; keep one", g.Name, f.Name, f.Slot)
		}
	}
	switch {
	case f.Slot == "":
		d.add(k, "which of the pass's images is %q? Write slot: thumbnail, or another of %s", f.Name, strings.Join(jobs.ImageSlots, ", "))
	case f.Default != "":
		d.add(k, "%q is an image and has no default; for rows without one, put %s into the folder", f.Name, jobs.ImageFiles(f.Slot)[1])
	case f.Languages != nil:
		d.add(k, "%q is an image and has no languages", f.Name)
	}
}

// checkValues checks what only the types of values can tell: defaults, choices
// and formats.
func (t *Template) checkValues() error {
	var errs []error
	for _, f := range t.Fields {
		p, declared := t.places[jobs.FoldName(f.Name)]
		if err := f.Check(); declared && err != nil {
			errs = append(errs, &render.Error{File: definitionFile, Line: p.line, Column: p.column, Message: err.Error()})
		}
	}
	return errors.Join(errs...)
}
