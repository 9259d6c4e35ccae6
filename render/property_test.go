package render_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passmill/render"
)

// fullTemplate uses every rule by which things are dropped.
const fullTemplate = `{
	"description": "Card of $$A",
	"logoText": "$$B",
	"labelColor": "$${A}",
	"expirationDate": "$$C",
	"maxDistance": "$$D",
	"storeCard": {
		"headerFields": [{"key": "k$$$$1", "label": "$$A", "value": "$$B"}],
		"primaryFields": [{"key": "k2", "value": "$$A", "attributedValue": "<a href='$$B'>$$C</a>"}, {"key": "k3", "value": 1}, {"key": "k6", "dateStyle": "s", "value": "$$C"}],
		"backFields": [{"key": "k4", "attributedValue": "$$C", "semantics": {"eventName": "$$A"}}, {"key": "k5", "value": "$$A $$B\n$$C"}]
	},
	"barcodes": [{"format": "f", "message": "$$A", "altText": "$$B"}, {"format": "f", "message": "$$C$$D"}],
	"barcode": {"format": "f", "message": "$$B"},
	"locations": [{"latitude": "$$A", "longitude": "$$B", "relevantText": "$$C"}, {"latitude": 1, "longitude": 2, "altitude": "$$D"}],
	"relevantDates": [{"startDate": "$$A", "endDate": "$$B"}, {"date": "$$C", "relevantDate": "$$D"}],
	"beacons": [{"proximityUUID": "$$D", "major": "$$A"}],
	"semantics": {"seats": [{"seatRow": "$$A", "seatNumber": "$$B"}], "venueLocation": {"latitude": "$$C", "longitude": "$$D"}},
	"userInfo": {"deep": [["$$A", [["$$B"]]], {}, []], "x": null, "y": true},
	"associatedStoreIdentifiers": ["$$C", 5]
}`

var fullFields = []render.Field{
	{Name: "A", Optional: true}, {Name: "B", Optional: true}, {Name: "C", Optional: true}, {Name: "D", Optional: true, JSON: true},
}

var anyValue = rapid.Custom(func(t *rapid.T) render.Value {
	v := render.Value{Present: rapid.IntRange(0, 3).Draw(t, "present") > 0}
	if !v.Present {
		return v
	}
	v.Text = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", " ", "$$A", "$$$$", `","x":"`, "\x00\x1f\u2028", "<a href='x'>&amp;", `\u0041`, "}]",
	})).Draw(t, "text")
	v.JSON = rapid.SampledFrom([]string{"", "", "1.50", "true", "-3e2", `"2026-12-31T18:00:00+01:00"`, `"a\n\""`}).Draw(t, "json")
	return v
})

// TestFillMatchesReference checks dropping, escaping and typing against the
// slow way.
func TestFillMatchesReference(t *testing.T) {
	tmpl := compile(t, render.Source{JSON: []byte(fullTemplate), Fields: fullFields}, identity)
	rapid.Check(t, func(t *rapid.T) {
		var vs []render.Value
		for range tmpl.Names() {
			vs = append(vs, anyValue.Draw(t, "value"))
		}
		if rapid.Bool().Draw(t, "list") {
			vs[3] = render.Value{JSON: `[{"a":["$$A"]}]`, Text: "$$B", Present: true}
		}
		checkFill(t, tmpl, fullTemplate, vs)
	})
}

func checkFill(t interface{ Fatalf(string, ...any) }, tmpl *render.Template, template string, vs []render.Value) {
	files, err := tmpl.Fill(nil, render.Input{Values: vs, Serial: "S"})
	if err != nil {
		t.Fatalf("Fill: %v", err)
	}
	ref := reference{values: make(map[string]render.Value)}
	for i, name := range tmpl.Names() {
		ref.values[render.FoldName(name)] = vs[i]
	}
	if _, err := render.Decode("pass.json", files[0]); err != nil {
		t.Fatalf("the strict decoder refuses %s: %v", files[0], err)
	}
	var got map[string]any
	if err := json.Unmarshal(files[0], &got); err != nil {
		t.Fatalf("%s: %v", files[0], err)
	}
	if diff := cmp.Diff(ref.pass(template), got); diff != "" {
		t.Fatalf("values %+v (-reference +got):\n%s", vs, diff)
	}
}

// FuzzValue checks that no value changes the shape of a pass.
func FuzzValue(f *testing.F) {
	tmpl := compile(f, render.Source{JSON: []byte(fullTemplate), Fields: fullFields}, identity)
	f.Add(`10% off","relevantDate":"..`, "$$B", "$$$$", "\x00")
	f.Add("", " ", "\xff", `\`)
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		texts := []string{a, b, c, d}
		vs := make([]render.Value, 4)
		for i, text := range texts {
			if !utf8.ValidString(text) {
				vs[i] = render.Value{Text: text, Present: true}
				if _, err := tmpl.Fill(nil, render.Input{Values: vs, Serial: "S"}); err == nil {
					t.Fatalf("invalid UTF-8 %q was taken", text)
				}
				return
			}
			vs[i] = render.Value{Text: text, Present: true}
		}
		checkFill(t, tmpl, fullTemplate, vs)
	})
}

// FuzzDecode checks that parse and marshal are stable, and that Decode takes
// nothing that encoding/json refuses.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(fullTemplate))
	f.Add([]byte(`{"a":[1.0e+5,-0,null,"\ud83d\ude00\/"],"":{}}`))
	f.Add([]byte(`9E900`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := render.Decode("f", data)
		if err != nil {
			return
		}
		once := n.AppendJSON(nil)
		want, err := decodeAny(trimMark(data))
		if err != nil {
			t.Fatalf("encoding/json refuses %q: %v", data, err)
		}
		got, err := decodeAny(string(once))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("content changed (-want +got):\n%s", diff)
		}
		again, err := render.Decode("f", once)
		if err != nil {
			t.Fatal(err)
		}
		if twice := again.AppendJSON(nil); string(once) != string(twice) {
			t.Fatalf("not stable: %q became %q", once, twice)
		}
	})
}

// decodeAny decodes with all digits of numbers, however large they are.
func decodeAny(data string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(data))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func trimMark(data []byte) string {
	if len(data) >= 3 && string(data[:3]) == "\ufeff" {
		return string(data[3:])
	}
	return string(data)
}

// FuzzCompile checks that what compiles fills, to the same bytes each time.
func FuzzCompile(f *testing.F) {
	f.Add([]byte(fullTemplate))
	f.Add([]byte(`{"relevantDates":[{"$$date"},{"startDate":"$$a","endDate":"b"}],"barcodes":[{"format":"$$f","$$message"}]}`))
	f.Add([]byte(`{"$$a" , "barcode":{"$$message"}, "x":["$${B c}$$$$"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tmpl, err := render.Compile(render.Source{JSON: data, Compatible: len(data)%2 == 0}, render.Identity{TypeID: "t", TeamID: "m"})
		if err != nil || tmpl.Identity().TypeID == "" {
			return
		}
		vs := make([]render.Value, len(tmpl.Names()))
		for i := range vs {
			vs[i] = render.Value{Text: fmt.Sprint("\"", i), Present: !tmpl.Fields()[i].Optional || i%2 == 0}
		}
		in := render.Input{Values: vs, Serial: "S"}
		once, err := tmpl.Fill(nil, in)
		if err != nil {
			return // larger than a pass may be
		}
		twice, _ := tmpl.Fill(nil, in)
		if string(once[0]) != string(twice[0]) {
			t.Fatalf("%s\n%s", once[0], twice[0])
		}
		if _, err := render.Decode("pass.json", once[0]); err != nil {
			t.Fatalf("%q fills to %q: %v", data, once[0], err)
		}
	})
}
