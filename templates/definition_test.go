package templates_test

import (
	"strings"
	"testing"

	"passmill/jobs"
	"passmill/render"
	"passmill/templates"
)

// TestDefinitionMistakes checks the message and the place of each mistake.
func TestDefinitionMistakes(t *testing.T) {
	for name, test := range map[string]struct{ yaml, want string }{
		"no mapping":     {"- a", "1:1: template.yaml has keys and values"},
		"syntax":         {"fields: [", "1:9: "},
		"documents":      {"a: 1\n---\nb: 1", "template.yaml: holds several documents"},
		"key twice":      {"timeZone: UTC\ntimeZone: UTC", "2:1: mapping key \"timeZone\" already defined"},
		"time":           {"activeFrom: 2026-01-01", "1:13: \"2026-01-01\" is no point in time"},
		"local zone":     {"timeZone: Local", "1:11: \"Local\" is no time zone"},
		"compatible":     {"compatible: yes", "1:13: true or false is expected here"},
		"field twice":    {"fields:\n  MemberID: {}\n  member_id: {}", "3:3: \"member_id\" is declared already in line 2"},
		"field name":     {"fields: {\"a@b\": {}}", "1:10: \"a@b\" can't be the name of a field"},
		"field scalar":   {"fields:\n  A: text", "2:6: a field has keys and values"},
		"boolean":        {"fields:\n  A: {optional: yes}", "2:17: true or false is expected here"},
		"both":           {"fields:\n  A: {optional: true, required: true}", "2:3: \"A\" is said to be required and optional both"},
		"length":         {"fields:\n  A: {maxLength: -1}", "2:18: a whole number above 0"},
		"empty list":     {"fields:\n  A: {oneOf: []}", "2:14: a list is expected here"},
		"no list":        {"fields:\n  A: {oneOf: x}", "2:14: a list is expected here"},
		"list twice":     {"fields:\n  A: {oneOf: [x, y, x]}", "2:21: \"x\" stands twice in the list"},
		"nested list":    {"fields:\n  A: {oneOf: [[x]]}", "2:15: a plain value is expected here"},
		"default":        {"fields:\n  A: {oneOf: [Basic, Gold], default: Glod}", "2:3: the default of \"A\" is none of its oneOf; was \"Gold\" meant?"},
		"default length": {"fields:\n  A: {maxLength: 2, default: abc}", "2:3: the default of \"A\" is longer"},
		"zone of text":   {"fields:\n  A: {timeZone: UTC}", "2:3: \"A\" has a time zone, but is no date"},
		"at":             {"fields:\n  A: {type: date, at: noon}", "2:23: \"noon\" is no time of day"},
		"at of text":     {"fields:\n  A: {at: \"12:00:00\"}", "2:3: \"A\" has a time of day, but is not of type date"},
		"language":       {"fields:\n  A: {languages: [german_]}", "2:18: \"german_\" is no language"},
		"alias":          {"fields:\n  A: &x {type: text}\n  B: *x", "2:"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := folder(t, map[string]string{"template.json": `{"a": "$$A"}`, "template.yaml": test.yaml})
			_, err := templates.Load(fsys, "bad")
			want := test.want
			if !strings.HasPrefix(want, "template.yaml") {
				want = "template.yaml:" + want
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v\nwant %s", err, want)
			}
		})
	}
}

// TestDefinitionForms checks what may be left out.
func TestDefinitionForms(t *testing.T) {
	for _, yaml := range []string{"", "# nothing\n", "fields:\n", "fields: {}\n", "fields:\n  A:\n", "fields:\n  A: {type: text}\n"} {
		fsys := folder(t, map[string]string{"template.json": `{"a": "$$A"}`, "template.yaml": yaml})
		tmpl, err := templates.Load(fsys, "forms")
		if err != nil || len(tmpl.Fields) != 1 || tmpl.Fields[0].Type != jobs.TypeText || tmpl.Fields[0].Optional {
			t.Errorf("%q: got error %v, want one field of required text", yaml, err)
		}
	}
}

// TestInferredTypes checks that what fills a place that holds no text is no text.
func TestInferredTypes(t *testing.T) {
	fsys := folder(t, map[string]string{"template.json": `{"$$locations", "maxDistance": "$$Far", "voided": "$$Void", "logoText": "$$Far m", "expirationDate": "$$End"}`})
	tmpl, err := templates.Load(fsys, "inferred")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]jobs.Type{"locations": jobs.TypeJSON, "Far": jobs.TypeText, "Void": jobs.TypeBoolean, "End": jobs.TypeDateTime}
	for _, f := range tmpl.Fields {
		if f.Type != want[f.Name] || f.Optional != (f.Name == "locations") {
			t.Errorf("%s is %s, optional %v; want %s", f.Name, f.Type, f.Optional, want[f.Name])
		}
	}
}

func TestCheckDefaults(t *testing.T) {
	fsys := folder(t, map[string]string{
		"template.json": `{"a": "$$A $$B"}`,
		"template.yaml": "fields:\n  A: {type: integer, default: x}\n  B: {type: integer, oneOf: [1, y]}",
	})
	_, err := templates.Load(fsys, "defaults")
	for _, want := range []string{`template.yaml:2:3: field A: its default "x": is not a number`, `template.yaml:3:3: field B: its choice "y": is not a number`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v\nwant %s in it", err, want)
		}
	}
}

// FuzzDefinition checks that no template.yaml makes Load panic.
func FuzzDefinition(f *testing.F) {
	f.Add(cardYAML)
	f.Add("fields: {A: {oneOf: [1, 2], default: ~}}")
	f.Fuzz(func(t *testing.T, yaml string) {
		tmpl, err := templates.Load(folder(t, map[string]string{"template.json": `{"a": "$$A"}`, "template.yaml": yaml}), "fuzz")
		if err == nil && len(tmpl.Fields) == 0 {
			t.Error("the placeholder is no field")
		}
	})
}

// TestCompatible: template.yaml alone decides whether passes get the members
// that older systems read.
func TestCompatible(t *testing.T) {
	for yaml, want := range map[string]bool{"compatible: true": true, "compatible: false": false, "": false} {
		fsys := folder(t, map[string]string{
			"template.json": `{"storeCard": {}, "barcodes": [{"format": "PKBarcodeFormatQR", "message": "m"}]}`, "template.yaml": yaml,
		})
		tmpl, err := templates.Load(fsys, "forms")
		if err != nil {
			t.Fatal(err)
		}
		compiled, _, err := tmpl.Compile(render.Identity{})
		if err != nil {
			t.Fatal(err)
		}
		files, err := compiled.Fill(nil, render.Input{Serial: "S"})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(files[0]), `"barcode":`); got != want {
			t.Errorf("%q: got %s", yaml, files[0])
		}
	}
}
