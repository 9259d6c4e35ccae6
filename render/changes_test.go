package render_test

import (
	"fmt"
	"strings"
	"testing"

	"passmill/render"
)

func TestChanges(t *testing.T) {
	const pass = `{"backgroundColor":"%s","barcodes":[{"format":"PKBarcodeFormatQR","message":"%s"}],
		"storeCard":{"headerFields":[{"key":"tier","label":"Tier","value":"%s","changeMessage":"%s"}],
		"primaryFields":[{"key":"points","label":"Points","value":%s,"changeMessage":"You now have %%@ points"},{"key":"who","value":"%s"}]}}`
	fill := func(values ...any) []byte { return fmt.Appendf(nil, pass, values...) }
	first := []any{"red", "1", "Gold", "Tier is %@", "5", "Ada"}
	for _, c := range []struct {
		values          []any
		changes         string
		message, silent string
	}{
		{first, "", "", "no value of a field changes"},
		{[]any{"red", "1", "Gold", "Tier is %@", "1250", "Ada"}, "points: value 5>1250", "You now have 1250 points", ""},
		{[]any{"blue", "2", "Gold", "Tier is %@", "5", "Ada"}, "backgroundColor red>blue, barcodes[0].message 1>2", "", "no value of a field changes"},
		{[]any{"red", "1", "Basic", "Tier is %@", "6", "Ada"}, "tier: value Gold>Basic, points: value 5>6", "", "2 fields with a changeMessage change at once"},
		{[]any{"red", "1", "Basic", "Look!", "5", "Ada"}, "tier: value Gold>Basic, tier: changeMessage Tier is %@>Look!", "", "the changeMessage of tier lacks %@"},
		{[]any{"red", "1", "Gold", "Tier is %@", "5", "Bo"}, "who: value Ada>Bo", "", "who has no changeMessage"},
		{[]any{"red", "1", "Gold", "Tier is %@", "6", "Bo"}, "points: value 5>6, who: value Ada>Bo", "You now have 6 points", ""},
	} {
		changes, err := render.Changes(fill(first...), fill(c.values...))
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, ch := range changes {
			list = append(list, fmt.Sprintf("%s %s>%s", ch.Place, *ch.Old, *ch.New))
		}
		if got := strings.Join(list, ", "); got != c.changes {
			t.Errorf("%v: got %s, want %s", c.values, got, c.changes)
		}
		if message, silent := render.Shown(changes, nil); message != c.message || silent != c.silent {
			t.Errorf("%v: shows %q, silent since %q", c.values, message, silent)
		}
	}
}

// TestChangesMoved: a field that only stands elsewhere has not changed; what comes and
// goes is said.
func TestChangesMoved(t *testing.T) {
	older := `{"storeCard":{"primaryFields":[{"key":"a","value":"1"}],"backFields":[{"key":"gone","value":"x"}]}}`
	newer := `{"storeCard":{"backFields":[{"key":"a","value":"1"},{"key":"new","label":"New","value":"y","changeMessage":"Now %@"}]},"voided":true}`
	changes, err := render.Changes([]byte(older), []byte(newer))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, c := range changes {
		side := "+"
		if c.New == nil {
			side = "-"
		}
		list = append(list, side+c.Place)
	}
	const want = "+new: key +new: label +new: value +new: changeMessage +voided -gone: key -gone: value"
	if got := strings.Join(list, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if message, silent := render.Shown(changes, nil); message != "" || silent != "no value of a field changes" {
		t.Errorf("shows %q, %q", message, silent)
	}
	changes, _ = render.Changes([]byte(`{"x":{"primaryFields":[{"key":"a","value":"1"}]}}`), []byte(`{"x":{"primaryFields":[{"key":"a","value":"2","changeMessage":"a_changed"}]}}`))
	if message, _ := render.Shown(changes, func(string) string { return "Jetzt %@" }); message != "Jetzt 2" {
		t.Errorf("shows %q", message)
	}
}
