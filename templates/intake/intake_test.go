package intake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs"
	"passmill/templates"
	"passmill/templates/intake"
)

// fullPass has a value of every kind that is looked at.
const fullPass = `{
	"formatVersion": 1, "passTypeIdentifier": "pass.x", "teamIdentifier": "T", "serialNumber": "0042-118-7",
	"webServiceURL": "https://example.com", "authenticationToken": "0123456789abcdef", "sharingProhibited": null,
	"description": "Card of Zoë O'Brien, worth $$5", "organizationName": "Club", "logoText": "Club", "groupingIdentifier": "0042-118-7",
	"expirationDate": "2027-12-31T23:59+01:00",
	"relevantDates": [{"date": "2026-12-31T18:00:00Z", "relevantDate": "2026-12-31T18:00:00Z"}, {"startDate": "2027-01-01T00:00:00.5Z", "endDate": "2027-01-02T00:00:00Z"}],
	"locations": [{"latitude": 52.5, "longitude": 13.40, "relevantText": "Welcome, Zoë O'Brien"}],
	"userInfo": {"member": "0042-118-7", "nothing": null},
	"backgroundColor": "rgb(1, 2, 3)",
	"storeCard": {
		"headerFields": [{"key": "points", "label": "Points", "value": 1250}],
		"primaryFields": [{"key": "balance", "label": "Balance", "value": 12.50, "currencyCode": "EUR"}],
		"secondaryFields": [{"key": "name", "label": "Name", "value": "Zoë O'Brien"}, {"key": "tier", "label": "Tier", "value": "gold"}],
		"auxiliaryFields": [
			{"key": "since", "label": "Since", "value": "2021-04-01T00:00:00+02:00", "dateStyle": "PKDateStyleShort"},
			{"key": "f5", "label": "Home store", "value": "Kreuzberg "},
			{"key": "factor", "label": "Factor", "value": 1e3}, {"key": "id", "label": "", "value": 12345678901234567890}
		],
		"backFields": [
			{"key": "member_id", "label": "Member no.", "value": "0042-118-7"},
			{"key": "mail", "label": "Your e-mail", "value": "zoe@example.com"},
			{"key": "gate", "label": "Gate", "value": ""},
			{"key": "terms", "label": "Terms", "value": "See the shop"},
			{"key": "long", "label": "Note", "value": "One line\nand another"},
			{"key": "link", "label": "Account", "attributedValue": "<a href='https://example.com/0042-118-7'>yours</a>", "value": "https://example.com/0042-118-7"}
		]
	},
	"semantics": {"balance": {"amount": "12.50", "currencyCode": "EUR"}, "eventName": "Party"},
	"barcodes": [{"format": "PKBarcodeFormatQR", "message": "0042-118-7", "messageEncoding": "utf-8", "altText": "0042-118-7"}],
	"barcode": {"format": "PKBarcodeFormatQR", "message": 42, "messageEncoding": "utf-8"},
	"nfc": {"message": "0042-118-7", "encryptionPublicKey": "0042-118-7"},
}`

func propose(t testing.TB, files map[string]string, o intake.Options) *intake.Template {
	t.Helper()
	p, err := intake.Parse(archive(t, files))
	if err != nil {
		t.Fatal(err)
	}
	made, err := p.Propose(o)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// load writes a template and loads it.
func load(t testing.TB, made *intake.Template) *templates.Template {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "card")
	if err := made.Write(dir); err != nil {
		t.Fatal(err)
	}
	loaded, err := templates.Open(dir, ".")
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func lines[T fmt.Stringer](list []T) (all []string) {
	for _, e := range list {
		all = append(all, e.String())
	}
	return all
}

func TestPropose(t *testing.T) {
	made := propose(t, map[string]string{
		"pass.json":             fullPass,
		"de.lproj/pass.strings": `"Tier" = "Stufe"; "gold" = "Goldstufe"; "hi" = "Hallo 0042-118-7";`,
		"en.lproj/pass.strings": `"Tier" = "Tier"; "gold" = "Gold ";`,
	}, intake.Options{})
	want := []string{
		"placeholder: serialNumber: $$MemberID, text",
		"placeholder: description: $$Name, text, within text",
		"placeholder: groupingIdentifier: $$MemberID, text",
		"placeholder: expirationDate: $$ExpirationDate, datetime",
		"placeholder: relevantDates[0].date: $$RelevantDate, datetime",
		"placeholder: relevantDates[0].relevantDate: $$RelevantDate, datetime",
		"placeholder: relevantDates[1].startDate: $$RelevantStart, datetime",
		"placeholder: relevantDates[1].endDate: $$RelevantEnd, datetime",
		"placeholder: locations[0].relevantText: $$Name, text, within text",
		"placeholder: storeCard.headerFields[0].value: $$Points, integer",
		"placeholder: storeCard.primaryFields[0].value: $$Balance, money",
		"placeholder: storeCard.secondaryFields[0].value: $$Name, text",
		"placeholder: storeCard.auxiliaryFields[0].value: $$Since, date",
		"placeholder: storeCard.auxiliaryFields[1].value: $$HomeStore, text",
		"placeholder: storeCard.auxiliaryFields[2].value: $$Factor, json",
		"placeholder: storeCard.auxiliaryFields[3].value: $$ID, integer",
		"placeholder: storeCard.backFields[0].value: $$MemberID, text",
		"placeholder: storeCard.backFields[1].value: $$Mail, email",
		"placeholder: storeCard.backFields[5].attributedValue: $$MemberID, text, within text",
		"placeholder: storeCard.backFields[5].value: $$MemberID, text, within text",
		"placeholder: semantics.balance.amount: $$Balance2, text",
		"placeholder: barcodes[0].message: $$MemberID, text",
		"placeholder: barcodes[0].altText: $$MemberID, text",
		"placeholder: barcode.message: $$BarcodeMessage, text",
		"placeholder: nfc.message: $$MemberID, text",
		"placeholder: de.lproj/pass.strings: entry 2: $$Tier, text",
		"placeholder: en.lproj/pass.strings: entry 2: $$Tier, text",
		"placeholder: de.lproj/pass.strings: entry 3: $$MemberID, text, within text",
	}
	if diff := cmp.Diff(want, lines(made.Placeholders)); diff != "" {
		t.Errorf("placeholders (-want +got):\n%s", diff)
	}
	wantNotes := []string{
		"mended: pass.json:31:71: a comma too many before \"}\"",
		"dropped: formatVersion: passmill sets it, to 1",
		"dropped: passTypeIdentifier: passmill sets it, from the certificate",
		"dropped: teamIdentifier: passmill sets it, from the certificate",
		"dropped: webServiceURL: passmill sets it, from the job",
		"dropped: authenticationToken: passmill gives each pass its own",
		"mended: sharingProhibited: is null, and left out",
		"mended: barcode.message: was a number; Apple wants text",
		"stays: storeCard.backFields[3].value: looks like information for everybody, by its key or label",
		"stays: storeCard.backFields[4].value: is long, as terms are",
		"stays: storeCard.backFields[5].value: is a link",
		"mended: relevantDates[1].startDate: is written as a date of whole seconds, which all phones read",
		"stays: storeCard.auxiliaryFields[1].value: has blanks around it, which stay in the template, since cells have none",
		"stays: storeCard.backFields[2].value: is empty; put a placeholder there if rows should fill it",
	}
	if diff := cmp.Diff(wantNotes, lines(made.Notes)); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	header, cells := made.Row()
	row := make(map[string]string)
	for i := range header {
		row[header[i]] = cells[i]
	}
	for name, want := range map[string]string{
		"MemberID": "0042-118-7", "Balance": "12.50", "Factor": "1e3", "ID": "12345678901234567890", "HomeStore": "Kreuzberg",
		"ExpirationDate": "2027-12-31T23:59+01:00", "RelevantStart": "2027-01-01T00:00:00Z", "Tier@de": "Goldstufe", "Tier@en": "Gold", "BarcodeMessage": "42",
	} {
		if row[name] != want {
			t.Errorf("%s: got %q, want %q", name, row[name], want)
		}
	}
	for _, f := range templates.Lint(load(t, made)) {
		if f.Severity == jobs.Refused && f.Rule != "no-icon" && f.Rule != "icon" {
			t.Errorf("the template is refused: %v", f)
		}
	}
	for _, part := range []string{
		`"Card of $$Name, worth $$$$5"`, `"$$HomeStore "`, `"member": "0042-118-7"`, `"encryptionPublicKey": "0042-118-7"`, `"longitude": 13.40`,
	} {
		if !strings.Contains(string(made.Files["template.json"]), part) {
			t.Errorf("%s is not in template.json:\n%s", part, made.Files["template.json"])
		}
	}
}

// TestDefinition: template.yaml declares the fields, whatever they are called.
func TestDefinition(t *testing.T) {
	made := propose(t, map[string]string{
		"pass.json": `{"serialNumber": "1", "generic": {"primaryFields": [
			{"key": "no", "label": "Number: \"#1\"", "value": "x"}, {"key": "größe", "value": "y"}, {"key": "no", "value": "z"}, {"key": "tier", "value": "gold"}]}}`,
		"zh-Hans.lproj/pass.strings": `"gold" = "金";`,
	}, intake.Options{})
	loaded := load(t, made)
	want := []jobs.Field{
		{Name: "SerialNumber", Type: jobs.TypeText},
		{Name: "No", Type: jobs.TypeText, Note: `Stands under “Number: "#1"”`},
		{Name: "Größe", Type: jobs.TypeText},
		{Name: "No2", Type: jobs.TypeText},
		{Name: "Tier", Type: jobs.TypeText, Optional: true, Languages: []string{"zh-Hans"}},
	}
	if diff := cmp.Diff(want, loaded.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestKeep(t *testing.T) {
	made := propose(t, map[string]string{"pass.json": fullPass, "de.lproj/pass.strings": `"gold" = "0042-118-7";`}, intake.Options{Keep: true})
	if diff := cmp.Diff([]string{"placeholder: serialNumber: $$SerialNumber, text"}, lines(made.Placeholders)); diff != "" {
		t.Errorf("placeholders (-want +got):\n%s", diff)
	}
	for _, n := range made.Notes {
		if n.Kind == intake.Stays {
			t.Errorf("%v, although all was asked to stay", n)
		}
	}
}

// TestWrite: nothing is overwritten, and nothing remains of what fails.
func TestWrite(t *testing.T) {
	made := propose(t, map[string]string{"pass.json": `{"serialNumber": "=1+1", "generic": {"primaryFields": [{"key": "a", "value": "x\"y\nz"}]}}`}, intake.Options{})
	dir := t.TempDir()
	card := filepath.Join(dir, "deep", "card")
	if err := made.Write(card); err != nil {
		t.Fatal(err)
	}
	csv, err := os.ReadFile(card + ".csv")
	if want := "\"SerialNumber\",\"Primary1\"\n\"=1+1\",\"x\"\"y\nz\"\n"; err != nil || string(csv) != want {
		t.Errorf("got %q, %v; want %q", csv, err, want)
	}
	if diff := cmp.Diff([]string{"SerialNumber"}, made.Formulas()); diff != "" {
		t.Error(diff)
	}
	if err := made.Write(card); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("wrote twice: %v", err)
	}
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other+".csv", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := made.Write(other); err == nil || !strings.Contains(err.Error(), "other.csv") {
		t.Errorf("wrote over a CSV file: %v", err)
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("a folder remains")
	}
}
