package render_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passmill/render"
)

func TestTwins(t *testing.T) {
	fields := []render.Field{{Name: "A", Optional: true}, {Name: "B", Optional: true}, {Name: "F", Optional: true}}
	tests := []struct {
		name, template string
		values         map[string]string
		want           string // of the twin; "" for none
	}{
		{"constant", `"barcodes": [{"format": "PKBarcodeFormatQR", "message": "m"}]`, nil,
			`"barcode":{"format":"PKBarcodeFormatQR","message":"m"}`},
		{"a new format first", `"barcodes": [{"format": "PKBarcodeFormatEAN13", "message": "1"}, {"format": "PKBarcodeFormatAztec", "message": "2"}]`, nil,
			`"barcode":{"format":"PKBarcodeFormatAztec","message":"2"}`},
		{"only new formats", `"barcodes": [{"format": "PKBarcodeFormatEAN13", "message": "$$A"}]`, map[string]string{"A": "1"}, ""},
		{"no format", `"barcodes": [{"message": "$$A"}]`, map[string]string{"A": "1"}, ""},
		{"value", `"barcodes": [{"format": "PKBarcodeFormatQR", "message": "$$A"}]`, map[string]string{"A": "a"},
			`"barcode":{"format":"PKBarcodeFormatQR","message":"a"}`},
		{"member dialect", `"barcodes": [{"format": "PKBarcodeFormatQR", "$$message"}]`, map[string]string{"message": "a"},
			`"barcode":{"format":"PKBarcodeFormatQR","message":"a"}`},
		{"the first drops", `"barcodes": [{"format": "PKBarcodeFormatQR", "message": "$$A"}, {"format": "PKBarcodeFormatQR", "message": "$$B"}]`, map[string]string{"B": "b"},
			`"barcode":{"format":"PKBarcodeFormatQR","message":"b"}`},
		{"all drop", `"barcodes": [{"format": "PKBarcodeFormatQR", "message": "$$A"}]`, nil, ""},
		{"format of the row", `"barcodes": [{"format": "$$F", "message": "x"}, {"format": "PKBarcodeFormatQR", "message": "y"}]`, map[string]string{"F": "PKBarcodeFormatEAN13"},
			`"barcode":{"format":"PKBarcodeFormatQR","message":"y"}`},
		{"old format of the row", `"barcodes": [{"format": "$$F", "message": "x"}, {"format": "PKBarcodeFormatQR", "message": "y"}]`, map[string]string{"F": "PKBarcodeFormatPDF417"},
			`"barcode":{"format":"PKBarcodeFormatPDF417","message":"x"}`},
		{"the template has one", `"barcode": {"message": "own"}, "barcodes": [{"format": "PKBarcodeFormatQR", "message": "m"}]`, nil,
			`"barcode":{"message":"own"}`},
		{"the template's own drops", `"barcode": {"message": "$$A"}, "barcodes": [{"format": "PKBarcodeFormatQR", "message": "m"}]`, nil, ""},
		{"the template has a bare one", `"$$barcode", "barcodes": [{"format": "PKBarcodeFormatQR", "message": "m"}]`, nil, ""},
		{"date", `"relevantDates": [{"date": "2026-12-31T18:00:00Z"}]`, nil, `"relevantDate":"2026-12-31T18:00:00Z"`},
		{"relevantDate", `"relevantDates": [{"relevantDate": "$$A"}]`, map[string]string{"A": `json:"2026-12-31T18:00:00Z"`}, `"relevantDate":"2026-12-31T18:00:00Z"`},
		{"interval", `"relevantDates": [{"startDate": "2026-12-31T18:00:00Z", "endDate": "$$A"}]`, map[string]string{"A": "2026-12-31T19:00:00Z"},
			`"relevantDate":"2026-12-31T18:00:00Z"`},
		{"half an interval is none", `"relevantDates": [{"startDate": "2026-12-31T18:00:00Z", "endDate": "$$A"}, {"$$date"}]`, map[string]string{"date": "2027-01-01T00:00:00Z"},
			`"relevantDate":"2027-01-01T00:00:00Z"`},
		{"null", `"relevantDates": [{"date": null, "startDate": "s", "endDate": "e"}]`, nil, `"relevantDate":"s"`},
		{"a list of the row", `"relevantDates": "$$A", "$$barcodes"`, nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			src := render.Source{JSON: []byte(`{"storeCard": {}, ` + test.template + `}`), Fields: fields, Compatible: true}
			var got map[string]json.RawMessage
			if err := json.Unmarshal([]byte(fill(t, compile(t, src, identity), test.values)), &got); err != nil {
				t.Fatal(err)
			}
			var twins []string
			for _, key := range []string{"barcode", "relevantDate"} {
				if twin, ok := got[key]; ok {
					twins = append(twins, `"`+key+`":`+string(twin))
				}
			}
			if found := strings.Join(twins, ","); found != test.want {
				t.Errorf("got %s, want %s", found, test.want)
			}
		})
	}
}

// TestBothDates: iOS 26 renamed the one date of an entry.
func TestBothDates(t *testing.T) {
	src := render.Source{JSON: []byte(`{"storeCard": {}, "relevantDates": [{"date": "$$A"}, {"$$relevantDate"}, {"date": "x", "relevantDate": "y"}, {"startDate": "s", "endDate": "e"}]}`), Compatible: true}
	got := fill(t, compile(t, src, identity), map[string]string{"A": "a"})
	want := `"relevantDates":[{"date":"a","relevantDate":"a"},{"date":"x","relevantDate":"y"},{"startDate":"s","endDate":"e"}]`
	if !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	got = fill(t, compile(t, src, identity), map[string]string{"A": "a", "relevantDate": "r"})
	if want := `{"relevantDate":"r","date":"r"}`; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestTwinMistakes: what a template has once is reported once.
func TestTwinMistakes(t *testing.T) {
	src := render.Source{JSON: []byte(`{"barcodes": [{"format": "$$", "message": "$$ 1", "a": 1, "A": 2}], "relevantDates": [{"date": "$$ 2"}]}`), Compatible: true}
	_, err := render.Compile(src, identity)
	src.Compatible = false
	_, plain := render.Compile(src, identity)
	if err == nil || err.Error() != plain.Error() {
		t.Errorf("got %v\nwant %v", err, plain)
	}
}

// TestTwinSources: a finding in a twin blames the fields of its original.
func TestTwinSources(t *testing.T) {
	src := render.Source{JSON: []byte(`{"barcodes": [{"format": "PKBarcodeFormatQR", "message": "$$A"}, {"format": "PKBarcodeFormatQR", "message": "$$B"}]}`),
		Fields: optional, Compatible: true}
	tmpl := compile(t, src, identity)
	in := render.Input{Values: values(tmpl, map[string]string{"B": "b"}), Serial: "S"}
	for path, want := range map[string][]string{"barcode.message": {"B"}, "barcode": {"B"}, "barcodes[0].message": {"B"}} {
		if diff := cmp.Diff(want, tmpl.Sources(in, path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestTwinsByHand: the twins are those that somebody writes by hand who has
// the row before him.
func TestTwinsByHand(t *testing.T) {
	formats := []string{"PKBarcodeFormatQR", "PKBarcodeFormatEAN13", "PKBarcodeFormatAztec", "$$F"}
	texts := []string{"$$A", "$$B", "x $$A", "constant", "$$A$$B"}
	fields := []render.Field{{Name: "A", Optional: true}, {Name: "B", Optional: true}, {Name: "F", Optional: true}}
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string { return rapid.SampledFrom(texts).Draw(t, label) }
		var barcodes, dates []map[string]any
		for range rapid.IntRange(0, 3).Draw(t, "barcodes") {
			barcodes = append(barcodes, map[string]any{"format": rapid.SampledFrom(formats).Draw(t, "format"), "message": text("message"), "altText": text("altText")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "dates") {
			entry := map[string]any{}
			for _, key := range []string{"date", "relevantDate", "startDate", "endDate"} {
				if rapid.Bool().Draw(t, key) {
					entry[key] = text(key)
				}
			}
			dates = append(dates, entry)
		}
		row := map[string]string{}
		for name, of := range map[string][]string{"A": {"a", `json:"2026-12-31T18:00:00Z"`}, "B": {"b"}, "F": formats[:3]} {
			if rapid.Bool().Draw(t, name) {
				row[name] = rapid.SampledFrom(of).Draw(t, name)
			}
		}
		pass := func(more map[string]any, compatible bool) map[string]any {
			source := map[string]any{"storeCard": map[string]any{}, "barcodes": barcodes, "relevantDates": dates}
			for k, v := range more {
				source[k] = v
			}
			data, err := json.Marshal(source)
			if err != nil {
				t.Fatal(err)
			}
			tmpl, err := render.Compile(render.Source{JSON: data, Fields: fields, Compatible: compatible}, identity)
			if err != nil {
				t.Fatal(err)
			}
			files, err := tmpl.Fill(nil, render.Input{Values: values(tmpl, row), Serial: "S"})
			if err != nil {
				t.Fatal(err)
			}
			var decoded map[string]any
			if err := json.Unmarshal(files[0], &decoded); err != nil {
				t.Fatal(err)
			}
			return decoded
		}
		got := pass(nil, true)
		for _, entry := range dates { // by hand: both names
			if _, ok := entry["relevantDate"]; !ok && entry["date"] != nil {
				entry["relevantDate"] = entry["date"]
			} else if _, ok := entry["date"]; !ok && entry["relevantDate"] != nil {
				entry["date"] = entry["relevantDate"]
			}
		}
		want := pass(nil, false)
		byHand(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("row %v (-by hand +got):\n%s", row, diff)
		}
	})
}

// byHand adds the twins to a filled pass.
func byHand(pass map[string]any) {
	barcodes, _ := pass["barcodes"].([]any)
	for _, e := range barcodes {
		format, _ := e.(map[string]any)["format"].(string)
		if format != "" && format != "PKBarcodeFormatEAN13" {
			pass["barcode"] = e
			break
		}
	}
	dates, _ := pass["relevantDates"].([]any)
	for _, e := range dates {
		for _, key := range []string{"relevantDate", "date", "startDate"} {
			if v, ok := e.(map[string]any)[key]; ok && pass["relevantDate"] == nil {
				pass["relevantDate"] = v
			}
		}
	}
}
