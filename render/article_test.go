package render_test

import (
	"os"
	"testing"

	"passmill/render"
)

// TestArticle fills the boarding pass of the article that the member dialect
// comes from, with scalar and with collection tokens.
func TestArticle(t *testing.T) {
	data, err := os.ReadFile("testdata/article.json")
	if err != nil {
		t.Fatal(err)
	}
	tmpl := compile(t, render.Source{JSON: data}, identity)
	texts := map[string]string{
		"relevantDate":  "2012-07-22T14:25-08:00",
		"message":       "SFOJFK JOHN APPLESEED LH451 2012-07-22T14:25-08:00",
		"headerFields":  `json:[{"key":"gate","label":"GATE","value":"23","changeMessage":"Gate changed to %@."}]`,
		"primaryFields": `json:[{"key":"depart","label":"SAN FRANCISCO","value":"SFO"},{"key":"arrive","label":"NEW YORK","value":"JFK"}]`,
		"backFields":    `json:[{"key":"terms","value":"He said \"$$message\""}]`,
		"serialNumber":  "gT6zrHkaW",
	}
	files, err := tmpl.Fill(nil, render.Input{Values: values(tmpl, texts), Serial: "gT6zrHkaW"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "article.json", append(files[0], '\n'))
	if got := tmpl.SerialField(); got != "serialNumber" {
		t.Errorf("serial number comes from %q", got)
	}
}

// TestMemberDialectSpelling checks that a token's key is spelled as Apple's.
func TestMemberDialectSpelling(t *testing.T) {
	tmpl := compile(t, render.Source{JSON: []byte(`{ "barcode" : {"$$Message" , "$$ALTTEXT"}
	, "$$Background_Color"
	, "$$LogoText", "$$ShoeSize" }`)}, identity)
	got := fill(t, tmpl, map[string]string{"Message": "m", "ALTTEXT": "a", "Background_Color": "c", "LogoText": "l", "ShoeSize": "s"})
	want := `{"barcode":{"message":"m","altText":"a"},"backgroundColor":"c","logoText":"l","shoeSize":"s"}`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := fill(t, tmpl, map[string]string{"ALTTEXT": "a", "LogoText": "l"}), `{"logoText":"l"}`; got != want {
		t.Errorf("without values: got %s, want %s", got, want)
	}
}
