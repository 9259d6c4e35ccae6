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

// card is a pass that breaks no rule.
const card = `{
	"formatVersion": 1, "passTypeIdentifier": "pass.example.club", "teamIdentifier": "ABCDE12345", "serialNumber": "7",
	"description": "Club card", "organizationName": "Club", "backgroundColor": "rgb(0, 10, 255)",
	"webServiceURL": "https://example.com/", "authenticationToken": "0123456789abcdef",
	"expirationDate": "2027-01-31T18:00+01:00",
	"storeCard": {
		"headerFields": [{"key": "points", "label": "POINTS", "value": 12, "numberStyle": "PKNumberStyleDecimal", "changeMessage": "You have %@"}],
		"primaryFields": [{"key": "name", "value": "Zoë", "attributedValue": "Zoë"}],
		"secondaryFields": [{"key": "since", "value": "2026-01-31T18:00:00Z", "dateStyle": "PKDateStyleLong"}],
		"backFields": [{"key": "balance", "value": 1.5, "currencyCode": "EUR"}]
	},
	"barcodes": [{"format": "PKBarcodeFormatQR", "message": "0042", "messageEncoding": "iso-8859-1"}],
	"locations": [{"latitude": 50.9, "longitude": 6.9, "relevantText": "Köln"}],
	"beacons": [{"proximityUUID": "F8F589E9-C07E-58B0-AEAB-A36BE4D48FAC", "major": 1, "minor": 65535}],
	"relevantDates": [{"startDate": "2026-01-01T10:00:00Z", "endDate": "2026-01-01T11:00:00Z"}],
	"nfc": {"message": "m", "encryptionPublicKey": "k"},
	"userInfo": {"mine": [1, {"x": 1}]}
}`

var cardImages = []preflight.Image{
	{Name: "icon.png", Width: 29, Height: 29}, {Name: "icon@2x.png", Width: 76, Height: 76}, {Name: "logo@2x.png", Width: 320, Height: 100},
}

// examples are changes of the card and the one rule that each breaks, with the
// path where; a rule with a ! in front is not broken.
var examples = []struct{ rule, old, new, path string }{
	{"json", `"userInfo"`, `userInfo`, ""},
	{"json", card, `[]`, ""},
	{"required-key", `"description": "Club card",`, ``, "description"},
	{"required-key", `"teamIdentifier": "ABCDE12345"`, `"teamIdentifier": null`, "teamIdentifier"},
	{"required-key", `"key": "name", `, ``, "storeCard.primaryFields[0].key"},
	{"required-key", `, "messageEncoding": "iso-8859-1"`, ``, "barcodes[0].messageEncoding"},
	{"required-key", `"latitude": 50.9, `, ``, "locations[0].latitude"},
	{"format-version", `"formatVersion": 1`, `"formatVersion": 2`, "formatVersion"},
	{"type", `"locations": [`, `"associatedStoreIdentifiers": 5, "locations": [`, "associatedStoreIdentifiers"},
	{"type", `"description": "Club card"`, `"description": ["Club card"]`, "description"},
	{"type", `"backFields": [{"key": "balance", "value": 1.5, "currencyCode": "EUR"}]`, `"backFields": ["x"]`, "storeCard.backFields[0]"},
	{"loose-type", `"description": "Club card"`, `"description": 5`, "description"},
	{"loose-type", `"major": 1`, `"major": 1.5`, "beacons[0].major"},
	{"style", `"storeCard"`, `"generic": {}, "storeCard"`, "storeCard"},
	{"style", `"storeCard"`, `"store"`, ""},
	{"!style", `"storeCard"`, `"posterGeneric": {}, "storeCard"`, ""},
	{"transit-type", `"storeCard": {`, `"boardingPass": {`, "boardingPass.transitType"},
	{"transit-type", `"storeCard": {`, `"boardingPass": {"transitType": "PKTransitTypeSpace",`, "boardingPass.transitType"},
	{"!transit-type", `"storeCard": {`, `"boardingPass": {"transitType": "PKTransitTypeAir",`, ""},
	{"unknown-key", `"userInfo"`, `"logotext": "", "userInfo"`, "logotext"},
	{"unknown-key", `"key": "name"`, `"key": "name", "colour": 1`, "storeCard.primaryFields[0].colour"},
	{"null", `"userInfo"`, `"logoText": null, "userInfo"`, "logoText"},
	{"field-value", `"value": 12, `, ``, "storeCard.headerFields[0].value"},
	{"field-value", `"value": 12,`, `"value": true,`, "storeCard.headerFields[0].value"},
	{"field-attributed", `"value": "Zoë", `, ``, "storeCard.primaryFields[0].value"},
	{"field-key-twice", `"key": "balance"`, `"key": "points"`, "storeCard.backFields[0].key"},
	{"field-two-formats", `"currencyCode"`, `"numberStyle": "PKNumberStylePercent", "currencyCode"`, "storeCard.backFields[0].currencyCode"},
	{"field-number", `"value": 1.5`, `"value": "1.5"`, "storeCard.backFields[0].value"},
	{"currency-code", `"EUR"`, `"Euro"`, "storeCard.backFields[0].currencyCode"},
	{"field-word", `PKNumberStyleDecimal`, `PKNumberStyleRoman`, "storeCard.headerFields[0].numberStyle"},
	{"field-alignment", `"key": "name"`, `"key": "name", "textAlignment": "PKTextAlignmentLeft"`, "storeCard.primaryFields[0].textAlignment"},
	{"!field-alignment", `"key": "since"`, `"key": "since", "textAlignment": "PKTextAlignmentLeft"`, ""},
	{"change-message", `You have %@`, `You have more`, "storeCard.headerFields[0].changeMessage"},
	{"!change-message", `You have %@`, `pointsChanged`, ""},
	{"field-count", `"primaryFields": [`, `"primaryFields": [{"key": "x", "value": 1}, `, "storeCard.primaryFields"},
	{"date", `2027-01-31T18:00+01:00`, `2027-01-31T18:00+0100`, "expirationDate"},
	{"date", `2027-01-31T18:00+01:00`, `2027-01-31 18:00+01:00`, "expirationDate"},
	{"date", `2027-01-31T18:00+01:00`, `2027-02-31T18:00+01:00`, "expirationDate"},
	{"date", `2027-01-31T18:00+01:00`, `2027-01-31`, "expirationDate"},
	{"date", `2027-01-31T18:00+01:00`, `2027-01-31T25:00Z`, "expirationDate"},
	{"date", `2027-01-31T18:00+01:00`, `2027-01-31T18:00`, "expirationDate"},
	{"date", `2026-01-31T18:00:00Z`, `soon`, "storeCard.secondaryFields[0].value"},
	{"date", `"2026-01-31T18:00:00Z"`, `5`, "storeCard.secondaryFields[0].value"},
	{"date-fraction", `2026-01-31T18:00:00Z`, `2026-01-31T18:00:00.5Z`, "storeCard.secondaryFields[0].value"},
	{"date-order", `2026-01-01T11:00:00Z`, `2026-01-01T11:00:00+02:00`, "relevantDates[0].endDate"},
	{"color", `rgb(0, 10, 255)`, `rgb(0, 10, 256)`, "backgroundColor"},
	{"color", `rgb(0, 10, 255)`, `#000aff`, "backgroundColor"},
	{"color", `rgb(0, 10, 255)`, `rgba(0, 10, 255, 0.5)`, "backgroundColor"},
	{"!color", `rgb(0, 10, 255)`, `rgb(0,10,255)`, ""},
	{"barcode-format", `PKBarcodeFormatQR`, `QR`, "barcodes[0].format"},
	{"barcode-old-phones", `PKBarcodeFormatQR`, `PKBarcodeFormatI2of5`, "barcodes"},
	{"barcode-message", `"0042"`, `" "`, "barcodes[0].message"},
	{"barcode-encoding", `"0042"`, `"€5"`, "barcodes[0].message"},
	{"barcode-encoding", `"iso-8859-1"`, `"latin-17"`, "barcodes[0].messageEncoding"},
	{"!barcode-encoding", `"0042", "messageEncoding": "iso-8859-1"`, `"да", "messageEncoding": "windows-1251"`, ""},
	{"barcode-encoding", `"0042", "messageEncoding": "iso-8859-1"`, `"да", "messageEncoding": "Shift_JIS-2004x"`, "barcodes[0].messageEncoding"},
	{"!barcode-encoding", `"0042", "messageEncoding": "iso-8859-1"`, `"да", "messageEncoding": "utf-8"`, ""},
	{"barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatCode128", "message": "é"`, "barcodes[0].message"},
	{"barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatEAN13", "message": "4006381333932"`, "barcodes[0].message"},
	{"!barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatEAN13", "message": "4006381333931"`, ""},
	{"barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatEAN13", "message": "400638133393"`, "barcodes[0].message"},
	{"barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatI2of5", "message": "123"`, "barcodes[0].message"},
	{"!barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatI2of5", "message": "0123"`, ""},
	{"barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatCode39", "message": "abc"`, "barcodes[0].message"},
	{"!barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatCode39", "message": "ABC-1"`, ""},
	{"barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatCodabar", "message": "A12"`, "barcodes[0].message"},
	{"!barcode-content", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatCodabar", "message": "A12-5B"`, ""},
	{"barcode-capacity", `"0042"`, `"` + strings.Repeat("ä", 2954) + `"`, "barcodes[0].message"},
	{"!barcode-capacity", `"0042"`, `"` + strings.Repeat("7", 7089) + `"`, ""},
	{"barcode-capacity", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatPDF417", "message": "` + strings.Repeat("x", 1851) + `"`, "barcodes[0].message"},
	{"barcode-width", `PKBarcodeFormatQR", "message": "0042"`, `PKBarcodeFormatCode128", "message": "` + strings.Repeat("x", 41) + `"`, "barcodes[0].message"},
	{"location-range", `50.9`, `509`, "locations[0].latitude"},
	{"location-range", `6.9,`, `"6.9",`, "locations[0].longitude"},
	{"location-count", `"locations": [`, `"locations": [` + strings.Repeat(`{"latitude": 1, "longitude": 2},`, 10), "locations"},
	{"beacon-count", `"beacons": [`, `"beacons": [` + manyBeacons(), "beacons"},
	{"beacon", `F8F589E9-`, `F8F589E9`, "beacons[0].proximityUUID"},
	{"beacon", `65535`, `65536`, "beacons[0].minor"},
	{"web-service", `https://example.com/`, `http://example.com/`, "webServiceURL"},
	{"token", `0123456789abcdef`, `0123456789abcde`, "authenticationToken"},
	{"token", `"authenticationToken": "0123456789abcdef",`, ``, "authenticationToken"},
	{"nfc-message", `"message": "m"`, `"message": "` + strings.Repeat("m", 65) + `"`, "nfc.message"},
	{"action-count", `"userInfo"`, `"featuredActions": [{"url": "1"}, {"url": "2"}, {"url": "3"}], "userInfo"`, "featuredActions"},
	{"app-launch", `"userInfo"`, `"appLaunchURL": "myapp:x", "userInfo"`, "appLaunchURL"},
	{"scheme-semantics", `"userInfo"`, `"preferredStyleSchemes": ["posterEventTicket"], "semantics": {"eventName": "x"}, "userInfo"`, "semantics"},
	{"!scheme-semantics", `"userInfo"`, `"preferredStyleSchemes": ["eventTicket"], "userInfo"`, ""},
}

func manyBeacons() string {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, `{"proximityUUID": "F8F589E9-C07E-58B0-AEAB-A36BE4D48FA%d"},`, i)
	}
	return b.String()
}

func describe(found []preflight.Finding) string {
	var lines []string
	for _, f := range found {
		lines = append(lines, fmt.Sprintf("%s: %s: %s (%s)", f.Rule.Severity, f.Path, f.Message, f.Rule.ID))
	}
	return strings.Join(lines, "\n")
}

func TestCardIsFine(t *testing.T) {
	if found := preflight.Check([]byte(card), cardImages); len(found) > 0 {
		t.Errorf("the card has findings:\n%s", describe(found))
	}
}

func TestExamples(t *testing.T) {
	tried := map[string]bool{}
	for _, e := range examples {
		pass := strings.Replace(card, e.old, e.new, 1)
		if pass == card {
			t.Errorf("%s: the card doesn't hold %s", e.rule, e.old)
		}
		checkExample(t, e.rule, e.path, pass, cardImages)
		tried[strings.TrimPrefix(e.rule, "!")] = true
	}
	for _, e := range imageExamples {
		checkExample(t, e.rule, e.path, strings.Replace(card, "storeCard", e.style, 1), e.images)
		tried[e.rule] = true
	}
	for _, rule := range preflight.Rules {
		if !tried[rule.ID] {
			t.Errorf("rule %s has no example", rule.ID)
		}
		if rule.Source == "" || rule.Fix == "" || !slices.Contains([]preflight.Severity{"refused", "falls back", "looks wrong", "advice"}, rule.Severity) {
			t.Errorf("rule %s lacks source, fix or severity", rule.ID)
		}
	}
}

func checkExample(t *testing.T, rule, path, pass string, images []preflight.Image) {
	t.Helper()
	found := preflight.Check([]byte(pass), images)
	broken := slices.ContainsFunc(found, func(f preflight.Finding) bool { return f.Rule.ID == rule && f.Path == path && f.Message != "" })
	if id, not := strings.CutPrefix(rule, "!"); not {
		if slices.ContainsFunc(found, func(f preflight.Finding) bool { return f.Rule.ID == id }) {
			t.Errorf("rule %s is broken by\n%.300s\n%s", id, pass, describe(found))
		}
	} else if !broken {
		t.Errorf("rule %s is not broken at %q by\n%.300s\nfound:\n%s", rule, path, pass, describe(found))
	}
	row := preflight.CheckPass([]byte(pass))
	for _, f := range found {
		again := slices.ContainsFunc(row, func(g preflight.Finding) bool { return g.Rule == f.Rule && g.Path == f.Path })
		if again != f.Rule.Row {
			t.Errorf("rule %s is for rows: %v, but CheckPass reports it: %v", f.Rule.ID, f.Rule.Row, again)
		}
	}
}

var imageExamples = []struct {
	rule, path, style string
	images            []preflight.Image
}{
	{"icon", "icon.png", "storeCard", []preflight.Image{{Name: "logo.png"}, {Name: "de.lproj/icon.png"}}},
	{"image-size", "strip@2x.png", "storeCard", []preflight.Image{{Name: "icon@2x.png", Width: 58, Height: 58}, {Name: "strip@2x.png", Width: 750, Height: 1000}}},
	{"image-style", "thumbnail@2x.png", "storeCard", []preflight.Image{{Name: "icon@2x.png"}, {Name: "thumbnail@2x.png"}}},
	{"image-scale", "de.lproj/logo.png", "storeCard", []preflight.Image{{Name: "icon@2x.png"}, {Name: "de.lproj/logo.png"}, {Name: "logo@2x.png"}}},
	{"strip-alone", "thumbnail@2x.png", "eventTicket", []preflight.Image{{Name: "icon@2x.png"}, {Name: "thumbnail@2x.png"}, {Name: "strip@2x.png"}}},
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

// FuzzCheck checks that no pass makes a rule panic, and that rules for rows are
// those of all.
func FuzzCheck(f *testing.F) {
	f.Add(card)
	for _, e := range examples {
		f.Add(strings.Replace(card, e.old, e.new, 1))
	}
	f.Fuzz(func(t *testing.T, pass string) {
		all, row := preflight.Check([]byte(pass), cardImages), preflight.CheckPass([]byte(pass))
		if len(row) > len(all) {
			t.Errorf("%d findings for a row, %d for all", len(row), len(all))
		}
	})
}
