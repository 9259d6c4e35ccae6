package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"passmill/jobs"
	"passmill/render/preflight"
	"passmill/sign/verify"
)

type rulesCommand struct {
	IDs  []string `arg:"" optional:"" name:"id" help:"Explain these rules, with examples."`
	JSON bool     `help:"Print each rule as one JSON object on a line of its own."`
}

// Help is the end of the command's -h.
func (rulesCommand) Help() string {
	return "The rules are those of check, make, template lint and verify. Nothing was tried on a phone: each says where it is from."
}

// A ruleLine is a rule as rules --json prints it.
type ruleLine struct {
	ID       string        `json:"id"`
	About    string        `json:"about"` // "pass", or "file" for archive, manifest and signature
	Severity string        `json:"severity"`
	Since    string        `json:"since,omitempty"`
	What     string        `json:"what"`
	Source   string        `json:"source"`
	Phone    string        `json:"phone,omitempty"`
	Fix      string        `json:"fix"`
	Row      bool          `json:"row"` // the values of a row can break it
	Fails    []exampleLine `json:"fails,omitempty"`
	Passes   []exampleLine `json:"passes,omitempty"`
}

// An exampleLine is an example of a rule. Change and Text are JSON as text, since
// Text need not be JSON.
type exampleLine struct {
	Change string            `json:"change,omitempty"`
	Text   string            `json:"text,omitempty"`
	Files  map[string]string `json:"files,omitempty"`
	Path   string            `json:"path,omitempty"`
}

// Run prints the rules.
func (c *rulesCommand) Run(std streams) error {
	rules, err := chosenRules(c.IDs)
	if err != nil {
		return err
	}
	for i, r := range rules {
		switch {
		case c.JSON:
			line, _ := json.Marshal(r) // strings and booleans can't fail
			fmt.Fprintf(std.out, "%s\n", line)
		case len(c.IDs) > 0:
			explainRule(std.out, r)
		default:
			if i == 0 || rules[i-1].About != r.About {
				fmt.Fprintln(std.out, aboutRules[r.About])
			}
			listRule(std.out, r)
		}
	}
	if !c.JSON && len(c.IDs) == 0 {
		fmt.Fprintf(std.out, "\n%d rules; passmill rules ID explains one, with examples\n", len(rules))
	}
	return nil
}

var aboutRules = map[string]string{
	"pass": "What is in a pass (check, make, template lint, verify)\n",
	"file": "\nThe finished file: archive, manifest and signature (verify)\n",
}

// listRule prints a rule in at most a hundred columns: id, severity, since, and
// what is asked, with the source below it.
func listRule(w io.Writer, r ruleLine) {
	const columns, width = "%-22s  %-11s  %-10s  %s\n", 51
	lines := append(wrapped(r.What, width), wrapped("("+r.Source+")", width)...)
	fmt.Fprintf(w, columns, r.ID, r.Severity, cmp.Or(r.Since, "all"), lines[0])
	for _, line := range lines[1:] {
		fmt.Fprintf(w, columns, "", "", "", line)
	}
}

// wrapped breaks a text between words, into lines of at most so many letters.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// allRules returns the rules of all rooms.
func allRules() []ruleLine {
	var all []ruleLine
	for _, r := range preflight.Rules {
		all = append(all, ruleLine{
			ID: r.ID, About: "pass", Severity: string(r.Severity), Since: r.Since, What: r.What, Source: r.Source, Phone: r.Phone, Fix: r.Fix,
			Row: r.Row, Fails: exampleLines(r.Fails), Passes: exampleLines(r.Passes),
		})
	}
	for _, r := range verify.Rules {
		all = append(all, ruleLine{
			ID: r.Code, About: "file", Severity: string(r.Severity), What: r.What, Source: r.Source, Phone: r.Phone, Fix: r.Fix,
		})
	}
	return all
}

func exampleLines(list []preflight.Example) []exampleLine {
	lines := make([]exampleLine, len(list))
	for i, e := range list {
		lines[i] = exampleLine{Change: e.Change, Text: e.Text, Files: e.Files, Path: e.Path}
	}
	return lines
}

// chosenRules returns the rules with some ids, or all.
func chosenRules(ids []string) ([]ruleLine, error) {
	all := allRules()
	if len(ids) == 0 {
		return all, nil
	}
	var names []string
	for _, r := range all {
		names = append(names, r.ID)
	}
	var chosen []ruleLine
	for _, id := range ids {
		i := slices.Index(names, id)
		if i < 0 {
			err := fmt.Errorf("no rule is called %q; passmill rules lists them", id)
			if near := jobs.Nearest(id, names); near != "" {
				err = fmt.Errorf("no rule is called %q; was %s meant?", id, near)
			} else if about := rulesAbout(id, names); about != nil {
				err = fmt.Errorf("no rule is called %q; of that subject there are %s", id, strings.Join(about, ", "))
			}
			return nil, status{exitUsage, err}
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// rulesAbout returns the names that hold a word, or the word in the singular.
func rulesAbout(word string, names []string) (about []string) {
	word = strings.TrimSuffix(strings.ToLower(word), "s")
	for _, name := range names {
		if word != "" && strings.Contains(name, word) {
			about = append(about, name)
		}
	}
	return about
}

// explainRule prints all that is known of a rule.
func explainRule(w io.Writer, r ruleLine) {
	fmt.Fprintf(w, "%s: %s\n", r.ID, r.What)
	for _, line := range [][2]string{
		{"severity", r.Severity}, {"since", cmp.Or(r.Since, "all systems")}, {"source", r.Source}, {"the phone's log", r.Phone}, {"to mend it", r.Fix},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "  %-16s %s\n", line[0]+":", line[1])
		}
	}
	for _, e := range r.Fails {
		fmt.Fprintf(w, "  this breaks it%s:\n", strings.TrimSuffix(" at "+e.Path, " at "))
		printExample(w, e)
	}
	for _, e := range r.Passes {
		fmt.Fprintf(w, "  this keeps it:\n")
		printExample(w, e)
	}
	fmt.Fprintln(w)
}

func printExample(w io.Writer, e exampleLine) {
	text := cmp.Or(e.Text, e.Change)
	for line := range strings.Lines(shortened(text)) {
		fmt.Fprintf(w, "      %s\n", strings.TrimRight(line, "\n"))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Files)) {
		fmt.Fprintf(w, "      %s: %s\n", name, visible(e.Files[name]))
	}
	if text == "" && len(e.Files) == 0 {
		fmt.Fprintln(w, "      (the specimen as it is)")
	}
}

// shortened cuts the middle out of examples that are about length.
func shortened(s string) string {
	const most = 1200
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return fmt.Sprintf("%s… %d characters …%s", string(runes[:120]), len(runes)-240, string(runes[len(runes)-120:]))
}
