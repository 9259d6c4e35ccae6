package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/rules.md, and the workbooks of the examples")

// TestRulesFit checks that the table can be read in a terminal.
func TestRulesFit(t *testing.T) {
	var out bytes.Buffer
	if err := (&rulesCommand{}).Run(streams{out: &out}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// TestRuleIDs checks that an id means one thing in all rooms.
func TestRuleIDs(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range allRules() {
		if seen[r.ID] {
			t.Errorf("%s stands twice", r.ID)
		}
		seen[r.ID] = true
	}
}

// TestRulesDoc keeps docs/rules.md equal to the table.
func TestRulesDoc(t *testing.T) {
	const name = "../../docs/rules.md"
	got := rulesDoc()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/rules.md is not that of the table; go test ./cmd/passmill -run RulesDoc -update writes it anew (-want +got):\n%.2000s", diff)
	}
}

const rulesIntro = `# The rules

By these rules ` + "`check`, `make`, `template lint` and `verify`" + ` judge passes. ` + "`passmill rules`" + ` prints the table, ` + "`passmill rules ID…`" + `
explains single ones with all examples, and ` + "`--json`" + ` is for programs. This page is written from the table by a test.

Nothing of it was tried on every phone: each rule says where it is from. Where Apple contradicts itself, or nobody is sure, a rule
warns and does not refuse. Keys that no page of Apple's names are kept.

| severity | meaning |
|---|---|
| refused | a phone, or a scanner, would not take the pass: no such row is made |
| falls back | the phone shows less than was meant |
| looks wrong | shown, but not as a person expects |
| advice | worth a thought |
| warning | of a finished file: phones take it, but something is not as it should be |

*Since* names the system that brought what the rule is about. *Row* says that the values of a row can break the rule; the others are
the template's alone, and are said once.
`

func rulesDoc() string {
	var b strings.Builder
	b.WriteString(rulesIntro)
	about := ""
	for _, r := range allRules() {
		if r.About != about {
			about = r.About
			b.WriteString(map[string]string{
				"pass": "\n## What is in a pass\n\nThe examples are changes of a small store card that breaks no rule: a key that is null is\ntaken out, and a style takes the place of the card's own.\n",
				"file": "\n## The finished file\n\nArchive, manifest and signature, judged by `verify` and `fsck`.\n",
			}[about])
		}
		writeRule(&b, r)
	}
	return b.String()
}

func writeRule(b *strings.Builder, r ruleLine) {
	row := ""
	if r.Row {
		row = "; row"
	}
	fmt.Fprintf(b, "\n### `%s`\n\n%s.\n\n**%s**; since: %s%s. Source: %s.\n", r.ID, capital(r.What), r.Severity, cmp.Or(r.Since, "all systems"), row, r.Source)
	if r.Phone != "" {
		fmt.Fprintf(b, "The phone's log: `%s`\n", r.Phone)
	}
	fmt.Fprintf(b, "To mend it: %s.\n", r.Fix)
	if r.About == "pass" {
		fmt.Fprintf(b, "\nBroken by\n\n%s\nKept by\n\n%s", indented(r.Fails[0]), indented(r.Passes[0]))
	}
}

func capital(s string) string {
	if strings.ToLower(s[:min(8, len(s))]) != s[:min(8, len(s))] || strings.ContainsAny(s[:min(8, len(s))], ".") {
		return s // begins with the name of a key or file
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// indented writes an example as a block of code.
func indented(e exampleLine) string {
	var b strings.Builder
	for line := range strings.Lines(shortened(cmp.Or(e.Text, e.Change))) {
		fmt.Fprintf(&b, "    %s\n", strings.TrimRight(line, "\n"))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Files)) {
		fmt.Fprintf(&b, "    %s: %s\n", name, visible(e.Files[name]))
	}
	return b.String()
}
