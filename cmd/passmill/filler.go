package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/render"
	"passmill/render/preflight"
	"passmill/sign"
	"passmill/sign/verify"
	"passmill/templates"
)

// A filler joins a compiled template to the rows of a job: it knows which of
// their values go where.
type filler struct {
	template *templates.Template
	compiled *render.Template
	constant map[string][]byte
	places   []int               // for each of the compiled template's names, the index of the row's value
	images   []jobs.Field        // of type image
	known    []templates.Finding // what the template alone is to blame for

	// token returns the authentication token of a pass. Nil stands for one that
	// opens nothing, to check rows only.
	token func(serial string) (string, error)
}

// newFiller compiles a template for an identity; nil compiles it for what the
// template names itself or a pretend one, to check rows only. service is where phones
// ask for updates; empty for passes without.
func newFiller(t *templates.Template, id *sign.Identity, service string) (*filler, error) {
	setting := render.Identity{WebServiceURL: service}
	if id != nil {
		setting.TypeID, setting.TeamID = id.TypeID(), id.TeamID()
	}
	compiled, constant, err := t.Compile(setting)
	if err != nil {
		return nil, err
	}
	f := &filler{template: t, compiled: compiled, constant: constant, known: templates.Lint(t)}
	for _, field := range t.Fields {
		if field.Type == jobs.TypeImage {
			f.images = append(f.images, field)
		}
	}
	return f, nil
}

// refused returns an error that lists why no phone would take a pass of the
// template, whatever its row says; nil if there is no reason.
func (f *filler) refused() error {
	var errs []error
	for _, k := range f.known {
		if k.Severity == jobs.Refused {
			errs = append(errs, errors.New(k.String()))
		}
	}
	return errors.Join(errs...)
}

// fields returns the fields that the template uses, and no others: a column that
// it does not use can't change a pass.
func (f *filler) fields() []jobs.Field {
	fields := make([]jobs.Field, len(f.compiled.Names()))
	for i, name := range f.compiled.Names() {
		fields[i] = f.field(name)
	}
	return append(fields, f.images...)
}

// field returns the declaration of a name. Name@de is declared with Name; where
// it has no value, Name's stands in for it.
func (f *filler) field(name string) jobs.Field {
	base, _, translated := strings.Cut(name, "@")
	for _, field := range f.template.Fields {
		if jobs.FoldName(field.Name) == jobs.FoldName(base) {
			if translated {
				field.Name, field.Optional, field.Default = name, true, ""
			}
			return field
		}
	}
	return jobs.Field{Name: name}
}

// join tells the filler in which order rows have their values.
func (f *filler) join(fields []jobs.Field) {
	f.places = make([]int, len(f.compiled.Names()))
	for i, name := range f.compiled.Names() {
		f.places[i] = slices.IndexFunc(fields, func(g jobs.Field) bool { return jobs.FoldName(g.Name) == jobs.FoldName(name) })
	}
}

func (f *filler) input(values []jobs.Value, serial string) render.Input {
	in := render.Input{Values: make([]render.Value, len(f.places)), Serial: serial, Token: strings.Repeat("0", 43)}
	for i, place := range f.places {
		v := values[place]
		in.Values[i] = render.Value{Text: v.Text, JSON: v.JSON, Present: v.Present}
	}
	return in
}

// fill makes the files of a pass that differ from row to row.
func (f *filler) fill(values []jobs.Value, serial string) ([][]byte, error) {
	in := f.input(values, serial)
	if f.token != nil {
		var err error
		if in.Token, err = f.token(serial); err != nil {
			return nil, err
		}
	}
	return f.compiled.Fill(nil, in)
}

// amend makes of the contents of a pass those of one that does not stand as its row
// says.
func amend(contents [][]byte, s jobs.Standing) (err error) {
	switch s.State {
	case jobs.StandingVoided:
		contents[0], err = render.Void(contents[0])
	case jobs.StandingExpired:
		contents[0], err = render.Expire(contents[0], s.Ends)
	}
	return err
}

// preflight fills the pass of a row and says what a phone would refuse in it.
func (f *filler) preflight(values []jobs.Value, serial string) []jobs.Finding {
	in := f.input(values, serial)
	contents, err := f.compiled.Fill(nil, in)
	if err != nil {
		return []jobs.Finding{notFilled(err)}
	}
	var findings []jobs.Finding
	for _, found := range preflight.CheckPass(contents[0]) {
		if f.blames(found) {
			continue
		}
		fields := f.compiled.Sources(in, found.Path)
		findings = append(findings, jobs.Finding{
			Fields: fields, Inside: f.compiled.Inside(in, found.Path), Code: found.Rule.ID,
			Severity: jobs.Severity(found.Rule.Severity), Message: placed(found, len(fields) > 0), Fix: found.Rule.Fix,
		})
	}
	return findings
}

// placed says where in pass.json a finding is: after the message, for those who
// made the template, if a column of the sheet is at fault; else before it.
func placed(found preflight.Finding, ofColumn bool) string {
	switch {
	case found.Path == "":
		return found.Message
	case ofColumn:
		return found.Message + " (in " + found.Path + ")"
	}
	return found.Path + " " + found.Message
}

// notFilled says why a row can't be filled in, and of which field if it is known.
func notFilled(err error) jobs.Finding {
	if errors.Is(err, render.ErrTranslatedTwice) {
		value, _ := errors.AsType[*render.ValueError](err)
		return jobs.Finding{Fields: []string{value.Name}, Code: "translated-twice", Severity: jobs.Refused, Message: value.Err.Error(),
			Fix: "make both translations the same, or the texts different: a phone finds a translation by the text"}
	}
	return jobs.Finding{Code: "not-filled", Severity: jobs.Refused, Message: err.Error(), Fix: "compare the row with what template.yaml declares"}
}

// blames reports whether the template alone causes a finding: then it is said
// once, and not for each row.
func (f *filler) blames(found preflight.Finding) bool {
	return slices.ContainsFunc(f.known, func(k templates.Finding) bool {
		return k.Rule == found.Rule.ID && k.Path == found.Path
	})
}

// presser returns what presses the rows of the work into a sink.
func (w *work) presser(target jobs.Target, sink jobs.Sink) (*jobs.Presser, error) {
	archive, err := newArchives(w.filler.constant, w.filler.compiled.Files(), slots(w.schema.Fields))
	if err != nil {
		return nil, err
	}
	return &jobs.Presser{
		Target: target, Certificate: w.identity.Certificate().ID, Fields: w.schema.Fields,
		Fill: w.filler.fill, Amend: amend, Archive: archive, Signer: w.identity, Sink: sink, Trusted: w.trusted(),
	}, nil
}

// trusted returns a judgement on passes that an earlier run left behind: good
// are those that this very certificate has signed.
func (w *work) trusted() func([]byte) bool {
	roots, id := w.identity.Issuer(), w.identity.Certificate().ID
	chains := &verify.Chains{}
	return func(pass []byte) bool {
		r := verify.Pass(pass, verify.Options{Roots: roots, Chains: chains})
		return !r.Refused() && r.Certificate == id
	}
}

func packBundle(names []string, passes [][]byte) ([]byte, error) {
	var b bytes.Buffer
	err := sign.WriteBundle(&b, names, passes)
	return b.Bytes(), err
}
