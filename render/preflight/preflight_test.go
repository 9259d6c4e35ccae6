package preflight_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"passmill/render/preflight"
)

func describe(found []preflight.Finding) string {
	var lines []string
	for _, f := range found {
		lines = append(lines, fmt.Sprintf("%s: %s: %s (%s)", f.Rule.Severity, f.Path, f.Message, f.Rule.ID))
	}
	return strings.Join(lines, "\n")
}

// TestExamples runs the examples of all rules: one that fails breaks its rule
// and no other, at the place that it names; one that passes keeps it.
func TestExamples(t *testing.T) {
	for _, rule := range preflight.Rules {
		t.Run(rule.ID, func(t *testing.T) {
			if len(rule.Fails) == 0 || len(rule.Passes) == 0 {
				t.Fatal("no example that fails, or none that passes")
			}
			for _, e := range rule.Fails {
				pass, files := e.Pass()
				found := preflight.Check(pass, files)
				if !slices.ContainsFunc(found, func(f preflight.Finding) bool { return f.Rule.ID == rule.ID && f.Path == e.Path }) {
					t.Errorf("not broken at %q by\n%.1000s\nfound:\n%s", e.Path, pass, describe(found))
				}
				for _, f := range found {
					if f.Rule.ID != rule.ID {
						t.Errorf("%.1000s\nbreaks another rule, too:\n%s", pass, describe([]preflight.Finding{f}))
					}
				}
				checkRow(t, pass, found)
			}
			for _, e := range rule.Passes {
				pass, files := e.Pass()
				if found := preflight.Check(pass, files); slices.ContainsFunc(found, func(f preflight.Finding) bool { return f.Rule.ID == rule.ID }) {
					t.Errorf("broken by\n%.1000s\nfound:\n%s", pass, describe(found))
				}
			}
		})
	}
}

// checkRow compares with the findings in a pass without its files.
func checkRow(t *testing.T, pass []byte, found []preflight.Finding) {
	t.Helper()
	row := preflight.CheckPass(pass)
	for _, f := range found {
		again := slices.ContainsFunc(row, func(g preflight.Finding) bool { return g.Rule == f.Rule && g.Path == f.Path })
		if again != f.Rule.Row {
			t.Errorf("rule %s is for rows: %v, but CheckPass reports it: %v", f.Rule.ID, f.Rule.Row, again)
		}
	}
}

// TestRulesAreWhole checks that each rule says what users need to know of it.
func TestRulesAreWhole(t *testing.T) {
	seen := make(map[string]bool)
	for _, rule := range preflight.Rules {
		if rule.Source == "" || rule.Fix == "" || rule.What == "" || seen[rule.ID] {
			t.Errorf("rule %s has no source, fix or description, or stands twice", rule.ID)
		}
		if !slices.Contains([]preflight.Severity{"refused", "falls back", "looks wrong", "advice"}, rule.Severity) {
			t.Errorf("rule %s: severity %q", rule.ID, rule.Severity)
		}
		unsure := strings.Contains(rule.Source, "not verified") || strings.Contains(rule.Source, "a user's report")
		if unsure && (rule.Severity == preflight.Refused) {
			t.Errorf("rule %s refuses passes for something that is not sure", rule.ID)
		}
		seen[rule.ID] = true
	}
}

func TestSpecimenIsFine(t *testing.T) {
	if found := preflight.Check(preflight.Example{}.Pass()); len(found) > 0 {
		t.Errorf("the specimen has findings:\n%s", describe(found))
	}
}

// scrubbed says what is wrong with samples of real passes because something was
// taken out of them, or because a program adds it later.
var scrubbed = map[string]string{
	"kitinerary-airbaltic.json":                                  "serialNumber teamIdentifier authenticationToken",
	"kitinerary-airberlin.json":                                  "serialNumber teamIdentifier",
	"kitinerary-lufthansa.json":                                  "serialNumber teamIdentifier authenticationToken",
	"itinerary-generic-pass.json":                                "teamIdentifier",
	"passkit-generator-exampleBooking.json":                      "boardingPass.transitType",
	"passkit-generator-semanticBoardingPass.json":                "boardingPass.transitType",
	"passkit-generator-posterEventTicketWithAdmissionLevel.json": "serialNumber",
}

// TestRealPasses checks that nothing that real issuers wrote is refused.
func TestRealPasses(t *testing.T) {
	paths, err := filepath.Glob("../testdata/passes/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no passes found: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range preflight.Check(data, nil) {
			known := slices.Contains(strings.Fields(scrubbed[filepath.Base(path)]), f.Path)
			if f.Rule.Severity == preflight.Refused && !known {
				t.Errorf("%s: %s", filepath.Base(path), describe([]preflight.Finding{f}))
			}
			t.Logf("%s: %s", filepath.Base(path), describe([]preflight.Finding{f}))
		}
	}
}

// BenchmarkCheckPass checks the pass of a row: a store card with ten fields. It
// should stay below 25 µs, a fortieth of an RSA signature.
func BenchmarkCheckPass(b *testing.B) {
	data, err := os.ReadFile("../testdata/golden/storecard.json")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if found := preflight.CheckPass(data); len(found) > 0 {
			b.Fatal(describe(found))
		}
	}
}

// BenchmarkCheck checks a pass with its files by all rules, as verify does.
func BenchmarkCheck(b *testing.B) {
	data, err := os.ReadFile("../testdata/golden/storecard.json")
	if err != nil {
		b.Fatal(err)
	}
	_, files := preflight.Example{}.Pass()
	b.ReportAllocs()
	for b.Loop() {
		preflight.Check(data, files)
	}
}

// FuzzCheck checks that no pass makes a rule panic, and that rules for rows are
// those of all.
func FuzzCheck(f *testing.F) {
	for _, rule := range preflight.Rules {
		for _, e := range slices.Concat(rule.Fails, rule.Passes) {
			pass, _ := e.Pass()
			f.Add(string(pass))
		}
	}
	_, files := preflight.Example{}.Pass()
	f.Fuzz(func(t *testing.T, pass string) {
		all, row := preflight.Check([]byte(pass), files), preflight.CheckPass([]byte(pass))
		if len(row) > len(all) {
			t.Errorf("%d findings for a row, %d for all", len(row), len(all))
		}
	})
}
