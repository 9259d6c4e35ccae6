package templates_test

import (
	"strings"
	"testing"
)

func TestLintLookalikes(t *testing.T) {
	files := card(t)
	files["template.yaml"] = "fields:\n  Tier: {}\n  First: {}\n"
	files["template.json"] = `{"description": "$Tier of {{ First }}",
		"organizationName": "%TIER% «First» <<Tier>> ${First}",
		"logoText": "$$Tier $${First}s, $5 off, {{other}} and $$$$Tier"}`
	got := map[int]int{}
	for _, f := range lint(t, files) {
		if f.Rule == "placeholder-style" {
			got[f.Line]++
			if !strings.HasPrefix(f.Fix, "write $$") {
				t.Errorf("got %s", f)
			}
		}
	}
	if got[1] != 2 || got[2] != 4 || got[3] != 0 {
		t.Errorf("found %v by line, want 2 in the first and 4 in the second", got)
	}
}
