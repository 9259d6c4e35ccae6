package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"passmill/jobs"
	"passmill/render"
	"passmill/render/preflight"
)

// A Finding is something that is odd about a sound template.
type Finding struct {
	Severity jobs.Severity
	Rule     string   // its id
	File     string   // of the template
	Line     int      // 0 where it is unknown
	Path     string   // within the pass: "barcodes[0].message"
	Fields   []string // that feed the place
	Message  string   // lower case, without a full stop
	Fix      string   // what to do about it, as an imperative
	Source   string   // who says so
}

// String returns the finding as one line: severity, place, fields, message, fix.
func (f Finding) String() string {
	place := f.Place()
	if f.Path != "" && f.Path != f.File {
		place += ": " + f.Path
	}
	if len(f.Fields) > 0 {
		place += ": " + strings.Join(f.Fields, ", ")
	}
	line := fmt.Sprintf("%s: %s: %s", f.Severity, place, f.Message)
	if f.Fix != "" {
		line += "; " + f.Fix
	}
	return line
}

// Place returns the file, and the line where it is known: "template.yaml:5".
func (f Finding) Place() string {
	if f.Line > 0 {
		return fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return f.File
}

// Lint fills the template with sample values, once with all of them and once
// without the optional ones, and applies the rules of package preflight. A finding
// that is refused holds for every row.
func Lint(t *Template) []Finding {
	filled, constant, err := t.Compile(render.Identity{})
	if err != nil {
		return []Finding{unfilled(err)}
	}
	found := t.lintPass(filled, constant, true)
	for _, f := range t.lintPass(filled, constant, false) {
		if !slices.ContainsFunc(found, func(g Finding) bool { return g.Rule == f.Rule && g.Message == f.Message }) {
			f.Message += ", when the optional values are absent"
			found = append(found, f)
		}
	}
	return slices.Concat(found, t.lintLookalikes(), t.lintFields(), t.lintLanguages(), t.lintStrings())
}

func unfilled(err error) Finding {
	return Finding{Severity: jobs.Refused, Rule: "not-filled", File: jsonFile, Message: err.Error(), Fix: "mend the template"}
}

// lintPass applies the rules to one filled pass and its files. What a made-up
// value breaks by chance says something of rows only.
func (t *Template) lintPass(filled *render.Template, constant map[string][]byte, optional bool) []Finding {
	in := render.Input{Values: t.samples(filled, optional), Serial: "SAMPLE"}
	contents, err := filled.Fill(nil, in)
	if err != nil {
		return []Finding{unfilled(err)}
	}
	files := maps.Clone(constant)
	for i, name := range filled.Files() {
		files[name] = contents[i]
	}
	var found []Finding
	known := preflight.ReadFiles(files)
	t.sampleImages(known, optional)
	for _, f := range preflight.Check(contents[0], known) {
		g := Finding{
			Severity: jobs.Severity(f.Rule.Severity), Rule: f.Rule.ID, File: jsonFile, Path: f.Path,
			Message: f.Message, Fix: f.Rule.Fix, Source: f.Rule.Source,
		}
		if k := kindOf(f.Path); k == imageKind || k == stringsKind {
			g.File = f.Path
			if _, folder := t.Images[f.Path]; optional || !folder {
				g.Fields = t.imageField(f.Path)
			}
		} else {
			g.Fields = filled.Sources(in, f.Path)
		}
		if len(g.Fields) > 0 && f.Rule.Chance {
			continue
		}
		found = append(found, g)
	}
	return found
}

// lintFields compares what is declared with what is used.
func (t *Template) lintFields() []Finding {
	used := make(map[string]bool)
	for _, name := range t.rendered.Names() {
		used[jobs.FoldName(name)] = true
	}
	var unused, undeclared []string
	for _, f := range t.Fields {
		_, declared := t.places[jobs.FoldName(f.Name)]
		switch {
		case f.Type == jobs.TypeImage: // it stands in no text
		case declared && !used[jobs.FoldName(f.Name)]:
			unused = append(unused, f.Name)
		case !declared && len(t.places) > 0 && !f.Optional: // a bare member has all that it needs
			undeclared = append(undeclared, f.Name)
		}
	}
	var found []Finding
	for _, name := range unused {
		found = append(found, Finding{
			Severity: jobs.Advice, Rule: "field-unused", File: definitionFile, Line: t.places[jobs.FoldName(name)].line,
			Fields: []string{name}, Message: "is declared, but nothing in the template uses it", Fix: "leave it if the job does, such as for mail",
		})
	}
	for _, name := range undeclared {
		f := Finding{
			Severity: jobs.Advice, Rule: "field-undeclared", File: jsonFile, Fields: []string{name},
			Message: "is used, but not declared, and so is required text", Fix: "declare it in " + definitionFile,
		}
		if near := jobs.Nearest(name, unused); near != "" {
			f.Fix += "; was " + near + " meant?"
		}
		found = append(found, f)
	}
	return found
}

// lintLanguages finds columns of a language that nothing reads.
func (t *Template) lintLanguages() (found []Finding) {
	used := make(map[string]bool)
	for _, name := range t.rendered.Names() {
		used[jobs.FoldName(name)] = true
	}
	for _, f := range t.Fields {
		for _, l := range f.Languages {
			if !used[jobs.FoldName(f.Name)] || used[jobs.FoldName(f.Name+"@"+l)] {
				continue
			}
			found = append(found, Finding{
				Severity: jobs.LooksWrong, Rule: "language-unused", File: definitionFile, Line: t.places[jobs.FoldName(f.Name)].line,
				Fields: []string{f.Name}, Message: fmt.Sprintf("is declared in the language %s, but nothing reads its column %s@%s", l, f.Name, l),
				Fix: fmt.Sprintf("let $$%s be the whole of a label, value or changeMessage, or write it into %s.lproj/pass.strings", f.Name, l),
			})
		}
	}
	return found
}
