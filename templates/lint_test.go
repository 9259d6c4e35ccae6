package templates_test

import (
	"strings"
	"testing"

	"passmill/jobs"
	"passmill/templates"
)

func lint(t *testing.T, files map[string]string) []templates.Finding {
	t.Helper()
	tmpl, err := templates.Load(folder(t, files), "card")
	if err != nil {
		t.Fatal(err)
	}
	return templates.Lint(tmpl)
}

// TestLint checks that a finding of each source is there, in words that say
// where and what to do.
func TestLint(t *testing.T) {
	found := lint(t, map[string]string{
		"template.json": `{"description": "Card", "expirationDate": "$$Untill", "logotext": "x",
			"storeCard": {"primaryFields": [{"key": "name", "value": "$$Name"}]},
			"barcodes": [{"format": "PKBarcodeFormatEAN13", "message": "$$MemberID", "messageEncoding": "utf-8"}]}`,
		"template.yaml":         "fields:\n  MemberID: {}\n  Name: {optional: true}\n  Until: {type: date}\n",
		"logo.png":              "png",
		"de.lproj/logo.png":     "png",
		"de.lproj/pass.strings": `"a" = "1"; "b" = "2";`,
		"fr.lproj/pass.strings": `"a" = "1";`,
	})
	var lines []string
	for _, f := range found {
		lines = append(lines, f.String())
	}
	got := strings.Join(lines, "\n")
	for _, want := range []string{
		"refused: template.json: organizationName: is missing; add it to the template",
		"refused: icon.png: the pass has no icon; add",
		"falls back: template.json: barcodes: MemberID: has no format that systems before iOS 27 show",
		"advice: template.json: logotext: is no key of Apple's, but logoText is",
		"looks wrong: logo.png: is 58×58 pixels, but should be 1–160×1–50; scale it",
		"advice: template.yaml:4: Until: is declared, but nothing in the template uses it",
		"advice: template.json: Untill: is used, but not declared, and so is required text; declare it in template.yaml; was Until meant?",
		"looks wrong: de.lproj/logo.png: is never shown, since the folder above has a logo too, which wins",
		"looks wrong: fr.lproj/pass.strings: lacks \"b\", which another language has",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no finding %q among\n%s", want, got)
		}
	}
	if strings.Contains(got, "barcodes[0].message") {
		t.Errorf("a sample value is blamed on the template:\n%s", got)
	}
}

// TestLintTextDate checks that a text that is shown as a date is left to the rows,
// which may well hold dates as Apple writes them.
func TestLintTextDate(t *testing.T) {
	files := card(t)
	files["template.json"] = strings.Replace(cardJSON, `"storeCard": {`, `"storeCard": {"backFields": [{"key": "since", "value": "$$Since", "dateStyle": "PKDateStyleShort"}], `, 1)
	files["template.yaml"] = cardYAML + "  Since: {type: text}\n"
	for _, f := range lint(t, files) {
		if f.Severity == jobs.Refused {
			t.Errorf("a sample value is blamed on the template: %s", f)
		}
	}
}

// TestLintAbsent checks that a template is tried without its optional values.
func TestLintAbsent(t *testing.T) {
	files := card(t)
	files["template.json"] = strings.Replace(cardJSON, `"organizationName": "Club"`, `"organizationName": "$$Issuer"`, 1)
	files["template.yaml"] = cardYAML + "  Issuer: {optional: true}\n"
	var lines []string
	for _, f := range lint(t, files) {
		if f.Severity == jobs.Refused {
			lines = append(lines, f.String())
		}
	}
	want := "refused: template.json: organizationName: Issuer: is missing, when the optional values are absent; add it to the template"
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestLintLanguages checks that a column of a language that nothing reads is
// named, and one that goes into pass.strings by itself is not.
func TestLintLanguages(t *testing.T) {
	found := lint(t, map[string]string{
		"template.json": `{"description": "Card", "organizationName": "Club", "storeCard": {"backFields": [
			{"key": "a", "value": "$$Greeting"}, {"key": "b", "value": "Dear $$Name"}, {"key": "c", "value": "$$Tier!"}]}}`,
		"template.yaml":         "fields:\n  Greeting: {languages: [de, ja]}\n  Name: {languages: [de]}\n  Tier: {languages: [fr, de]}\n  Other: {optional: true, languages: [de]}\n",
		"icon@2x.png":           "png",
		"de.lproj/pass.strings": `"Dear" = "Hallo $$Tier";`,
	})
	var lines []string
	for _, f := range found {
		if f.Rule == "language-unused" {
			lines = append(lines, f.String())
		}
	}
	want := `looks wrong: template.yaml:3: Name: is declared in the language de, but nothing reads its column Name@de; let $$Name be the whole of a label, value or changeMessage, or write it into de.lproj/pass.strings
looks wrong: template.yaml:4: Tier: is declared in the language fr, but nothing reads its column Tier@fr; let $$Tier be the whole of a label, value or changeMessage, or write it into fr.lproj/pass.strings`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestLintStrings checks that a language that only repeats texts may lack some,
// but none that another one fills from the rows.
func TestLintStrings(t *testing.T) {
	found := lint(t, map[string]string{
		"template.json": `{"description": "Card", "organizationName": "Club", "storeCard": {"backFields": [
			{"key": "a", "label": "Tier", "value": "$$Name"}, {"key": "b", "label": "Town", "value": "Greeting"}]}}`,
		"template.yaml":         "fields:\n  Name: {}\n",
		"icon@2x.png":           "png",
		"de.lproj/pass.strings": `"Greeting" = "Hallo $$Name"; "Town" = "Stadt"; "Tier" = "Stufe"; "Price" = "$$$$5";`,
		"en.lproj/pass.strings": `"Tier" = "Tier";`,
		"fr.lproj/pass.strings": `"Greeting" = "Salut $$Name"; "Town" = "Ville"; "Price" = "5";`,
	})
	var lines []string
	for _, f := range found {
		if f.Rule == "strings-keys" {
			lines = append(lines, f.String())
		}
	}
	want := `looks wrong: fr.lproj/pass.strings: lacks "Tier", which another language has; add what is missing
looks wrong: en.lproj/pass.strings: lacks "Greeting", which another language fills from the rows, so that phones show the key itself; add it`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestLintImages checks that images of rows count as images of the pass, and that
// a row may lack them.
func TestLintImages(t *testing.T) {
	const json = `{"description": "Card", "organizationName": "Club", "generic": {}}`
	for yaml, want := range map[string]string{
		"fields: {Icon: {type: image}}":                                   "",
		"fields: {Icon: {type: image, optional: true}}":                   "refused: icon.png: Icon: the pass has no icon, when the optional values are absent",
		"fields: {Icon: {type: image}, Face: {type: image, slot: strip}}": "advice: strip@2x.png: Face: is shown on coupon, storeCard, eventTicket only",
	} {
		var lines []string
		for _, f := range lint(t, map[string]string{"template.json": json, "template.yaml": yaml}) {
			lines = append(lines, f.String())
		}
		if got := strings.Join(lines, "\n"); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", yaml, got, want)
		}
	}
}
