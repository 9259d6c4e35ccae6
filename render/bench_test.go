package render_test

import (
	"fmt"
	"os"
	"testing"

	"passmill/render"
)

// storecard is a template of 1.5 KB with twelve slots.
func storecard(tb testing.TB) (*render.Template, render.Input) {
	tb.Helper()
	data, err := os.ReadFile("testdata/storecard.json")
	if err != nil {
		tb.Fatal(err)
	}
	tmpl := compile(tb, render.Source{JSON: data, Fields: []render.Field{{Name: "Tier", Optional: true}}}, identity)
	texts := map[string]string{
		"MemberID": "0042-118-7", "FirstName": "Zoë", "LastName": "O'Brien", "Points": "json:1250", "Tier": "Gold",
		"Balance": "json:12.50", "JoinedOn": "2021-04-01T00:00:00+02:00", "Store": "Hauptstraße 5, Köln",
		"Expires": "2027-12-31T23:59:00+01:00", "Offer": "10% off, \"this week\"",
	}
	return tmpl, render.Input{Values: values(tmpl, texts), Serial: "0042-118-7"}
}

func TestStorecard(t *testing.T) {
	tmpl, in := storecard(t)
	files, err := tmpl.Fill(nil, in)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "storecard.json", append(files[0], '\n'))
}

func BenchmarkFill(b *testing.B) {
	tmpl, in := storecard(b)
	for _, reuse := range []bool{false, true} {
		b.Run(fmt.Sprintf("reuse=%v", reuse), func(b *testing.B) {
			var dst [][]byte
			b.ReportAllocs()
			for b.Loop() {
				files, err := tmpl.Fill(dst, in)
				if err != nil {
					b.Fatal(err)
				}
				if reuse {
					dst = files
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	tmpl, in := storecard(b)
	files, err := tmpl.Fill(nil, in)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(files[0])))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := render.Decode("pass.json", files[0]); err != nil {
			b.Fatal(err)
		}
	}
}
