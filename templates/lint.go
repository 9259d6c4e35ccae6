package templates

import (
	"fmt"
	"maps"
	"path"
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
// without the optional ones, and applies the rules of package preflight and some
// about folders. A finding that is refused holds for every row.
func Lint(t *Template) []Finding {
	filled, _, err := t.Compile(render.Identity{})
	if err != nil {
		return []Finding{unfilled(err)}
	}
	found := t.lintPass(filled, true)
	for _, f := range t.lintPass(filled, false) {
		if !slices.ContainsFunc(found, func(g Finding) bool { return g.Rule == f.Rule && g.Message == f.Message }) {
			f.Message += ", when the optional values are absent"
			found = append(found, f)
		}
	}
	return slices.Concat(found, t.lintLookalikes(), t.lintFields(), t.lintLanguages(), t.lintFolders())
}

func unfilled(err error) Finding {
	return Finding{Severity: jobs.Refused, Rule: "not-filled", File: jsonFile, Message: err.Error(), Fix: "mend the template"}
}

// valueRules are rules that a sample of a text field can break or keep by chance:
// they say something of rows only.
var valueRules = []string{
	"barcode-message", "barcode-encoding", "barcode-content", "barcode-capacity", "barcode-width", "barcode-format",
	"currency-code", "field-word", "beacon", "transit-type", "nfc-message", "date-order",
}

func (t *Template) lintPass(filled *render.Template, optional bool) []Finding {
	in := render.Input{Values: t.samples(filled, optional), Serial: "SAMPLE"}
	files, err := filled.Fill(nil, in)
	if err != nil {
		return []Finding{unfilled(err)}
	}
	images := t.sampleImages(optional)
	var found []Finding
	for _, f := range preflight.Check(files[0], images) {
		g := Finding{
			Severity: jobs.Severity(f.Rule.Severity), Rule: f.Rule.ID, File: jsonFile, Path: f.Path,
			Message: f.Message, Fix: f.Rule.Fix, Source: f.Rule.Source,
		}
		if kindOf(f.Path) == imageKind {
			g.File = f.Path
			if _, folder := t.Images[f.Path]; optional || !folder {
				g.Fields = t.imageField(f.Path)
			}
		} else {
			g.Fields = filled.Sources(in, f.Path)
		}
		if len(g.Fields) > 0 && slices.Contains(valueRules, g.Rule) {
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
		case !declared && len(t.places) > 0:
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

// lintFolders compares the languages with each other and with the top folder.
func (t *Template) lintFolders() []Finding {
	found := t.lintImages()
	keys := make(map[string]map[string]bool) // by file
	all := make(map[string]bool)
	for name, data := range t.strings() {
		keys[name] = make(map[string]bool)
		entries, _ := render.ParseStrings(name, data) // sound, since the template was loaded
		for _, e := range entries {
			keys[name][e.Key], all[e.Key] = true, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		var missing []string
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if !keys[name][key] {
				missing = append(missing, fmt.Sprintf("%q", key))
			}
		}
		if missing != nil {
			found = append(found, Finding{
				Severity: jobs.LooksWrong, Rule: "strings-keys", File: name, Source: "Apple: Creating the source for a pass",
				Message: "lacks " + strings.Join(missing, ", ") + ", which another language has", Fix: "add it",
			})
		}
	}
	return found
}

// lintImages finds images of a language that one of the top folder shuts out.
func (t *Template) lintImages() []Finding {
	var found []Finding
	for _, img := range t.sizes {
		base := path.Base(img.Name)
		if _, top := t.Images[base]; top && base != img.Name {
			found = append(found, Finding{
				Severity: jobs.LooksWrong, Rule: "image-shadowed", File: img.Name, Source: "Apple: Creating the source for a pass",
				Message: "is never shown, since " + base + " in the folder above wins", Fix: "remove one of them",
			})
		} else if field := t.imageField(img.Name); base != img.Name && field != nil {
			found = append(found, Finding{
				Severity: jobs.LooksWrong, Rule: "image-shadowed", File: img.Name, Fields: field, Source: "Apple: Creating the source for a pass",
				Message: "is not shown where the row has an image of its own", Fix: "remove it, or the field",
			})
		}
	}
	return found
}
