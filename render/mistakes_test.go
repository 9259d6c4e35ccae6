package render_test

import (
	"strings"
	"testing"

	"passmill/render"
)

// TestMistakes checks that every mistake of a template is reported, with its
// place.
func TestMistakes(t *testing.T) {
	for _, test := range []struct{ name, template, want string }{
		{"lone $$", "{\n  \"a\": \"5 $$ each\",\n  \"b\": \"$$\"}", "2:8: $$ is not followed by a name…\n3:8: $$ is not followed…"},
		{"digit", `{"a": "$$5"}`, "1:7: $$ is not followed by a name…"},
		{"braces open", `{"a": "$${Name"}`, "1:7: $$ is not followed by a name…"},
		{"language", `{"a": "$${Name@de}"}`, "1:7: $$ is not followed by a name…"},
		{"placeholder in key", `{"a$$Name": 1, "$$Name": 2}`, `1:2: the key "a$$Name" holds a placeholder…` + "\n" + `1:16: the key "$$Name" holds a placeholder…`},
		{"bare with text", `{"$$Name and more", "a": 1}`, `1:2: "$$Name and more" has to be one whole placeholder…`},
		{"bare without $$", `{"Name", "a": 1}`, `1:2: the key "Name" has no value`},
		{"twice", `{"a": 1, "b": {"c": 1, "c": 2}, "a": 2}`, "1:24: the key \"c\" stands twice in one object\n1:33: the key \"a\" stands twice in one object"},
		{"twice by case", `{"logoText": 1, "LogoText": 2}`, `1:17: the keys "logoText" and "LogoText" differ by case only`},
		{"twice by token", `{"logoText": "x", "$$LogoText"}`, `1:19: the key "logoText" stands twice…`},
		{"trailing commas", "{\"a\": [1, 2,],\n \"b\": 1,\n}", "1:12: a comma too many before \"]\"…\n2:8: a comma too many before \"}\"…"},
		{"commas in a row", `{,"a": 1,, "b": 2}`, "1:2: a comma too many; remove it\n1:10: a comma too many; remove it"},
		{"comments", "{ // x\n\"a\": /* y */ 1}", "1:3: JSON has no comments…\n2:6: JSON has no comments…"},
		{"no comma", `{"a": 1 "b": 2}`, `1:9: a comma or "}" is expected here, not "\"b\""`},
		{"no colon", `{"a" 1}`, `1:6: a colon is expected after the key "a"`},
		{"single quotes", `{'a': 1}`, `1:2: a key in quotes is expected here, not "'a'"`},
		{"curly quotes", `{"a": “b”}`, `1:7: "“b”" is no JSON value; text stands in straight quotes`},
		{"number", `{"a": 01}`, `1:7: "01" is no JSON number`},
		{"cut off", `{"a": {"b": 1`, `1:14: the file ends where "}" is expected`},
		{"after the end", `{} {}`, `1:4: something follows after the end of the JSON value`},
		{"line break", "{\"ä\": \"a\nb\"}", `1:9: a string can't hold a line break…`},
		{"surrogate", `{"a": "\ud83d"}`, `1:7: this string has a bad escape…`},
		{"UTF-8", "{\"a\": \"\xff\"}", `1:8: this is not valid UTF-8…`},
		{"too deep", strings.Repeat("[", 1000), `1:65: nested deeper than 64 levels`},
		{"no object", `[1]`, `1:1: a template is a JSON object, not an array`},
		{"serial number mixed", `{"serialNumber": "C-$$ID"}`, `1:18: serialNumber takes one whole placeholder or none…`},
		{"format version", `{"formatVersion": 2}`, `1:19: formatVersion is always 1`},
		{"type differs", `{"passTypeIdentifier": "pass.other"}`, `1:24: passTypeIdentifier is "pass.other" in the template, but the certificate is for "pass.example.club"…`},
		{"team differs", `{"teamIdentifier": "OTHER"}`, `1:20: teamIdentifier is "OTHER" in the template, but the certificate is for "ABCDE12345"…`},
		{"token", `{"authenticationToken": "vxwxd7J8AlNNFPS8k0a0"}`, `1:2: authenticationToken doesn't belong in a template; remove it…`},
		{"host", `{"webServiceURL": "https://example.com"}`, `1:2: webServiceURL doesn't belong in a template; remove it…`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := render.Compile(render.Source{JSON: []byte(test.template)}, identity)
			checkMistakes(t, err, test.want)
		})
	}
}

// checkMistakes compares the lines of an error with those of want, in which "…"
// stands for the rest of a line.
func checkMistakes(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want\n%s", want)
	}
	got, lines := strings.Split(err.Error(), "\n"), strings.Split(want, "\n")
	for i := range lines {
		begin, open := strings.CutSuffix("template.json:"+lines[i], "…")
		if i >= len(got) || got[i] != begin && !(open && strings.HasPrefix(got[i], begin)) {
			t.Fatalf("got\n%v\nwant\n%s", err, want)
		}
	}
	if len(got) != len(lines) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestControlKeys checks that no spelling brings a row's value into a key that
// decides who a pass belongs to.
func TestControlKeys(t *testing.T) {
	for _, key := range []string{"webServiceURL", "authenticationToken", "passTypeIdentifier", "teamIdentifier", "formatVersion"} {
		upper := strings.ToUpper(key[:1]) + key[1:]
		escaped := `\u00` + "0123456789abcdef"[key[0]>>4:][:1] + "0123456789abcdef"[key[0]&15:][:1] + key[1:]
		for _, template := range []string{
			`{"` + key + `": "$$X"}`,
			`{"` + key + `": "https://$${X}.example.com/"}`,
			`{"` + key + `": ["$$X"]}`,
			`{"` + key + `": {"a": {"b": "$$X"}}}`,
			`{"` + key + `": {"$$X"}}`,
			`{"` + upper + `": "$$X"}`,
			`{"` + strings.ToLower(key) + `": "$$X"}`,
			`{"` + strings.ToUpper(key) + `": "x"}`,
			`{"` + escaped + `": "$$X"}`,
			`{"_` + key + `": "$$X"}`,
			`{"$$` + key + `"}`,
			`{"$$` + upper + `", "description": "x"}`,
			`{"$$` + strings.ToLower(key) + `"}`,
			`{"$${` + key + `}"}`,
			`{"$${ ` + key[:3] + "_" + key[3:] + ` }"}`,
			`{"$$` + escaped + `"}`,
			`{"\u0024$` + key + `"}`,
		} {
			tmpl, err := render.Compile(render.Source{JSON: []byte(template)}, identity)
			if err == nil {
				t.Errorf("%s was taken, with names %v", template, tmpl.Names())
			} else if !strings.Contains(err.Error(), key) {
				t.Errorf("%s: the error doesn't name the key: %v", template, err)
			}
		}
	}
	for _, template := range []string{ // in places where these are nobody's keys but the issuer's
		`{"userInfo": {"webServiceURL": "$$X"}}`,
		`{"storeCard": {"backFields": [{"key": "teamIdentifier", "value": "$$X"}]}}`,
		`{"description": "$$WebServiceURL"}`,
	} {
		if _, err := render.Compile(render.Source{JSON: []byte(template)}, identity); err != nil {
			t.Errorf("%s: %v", template, err)
		}
	}
}

// TestEveryControlKeyIsReported checks that one look is enough.
func TestEveryControlKeyIsReported(t *testing.T) {
	_, err := render.Compile(render.Source{JSON: []byte(`{"webServiceURL": "$$A",
"$$authenticationToken", "passTypeIdentifier": "$$B",
"teamIdentifier": "$$C", "formatVersion": "$$D", "a": "$$"}`)}, identity)
	checkMistakes(t, err, "1:2: webServiceURL takes no placeholder…\n2:1: authenticationToken takes no placeholder…\n"+
		"2:26: passTypeIdentifier takes no placeholder…\n3:1: teamIdentifier takes no placeholder…\n"+
		"3:26: formatVersion takes no placeholder…\n3:55: $$ is not followed…")
}
