package render_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"passmill/render"
)

// TestDecoder checks that one Decoder reads documents of all sizes, good and
// bad, as DecodeLoosely does, whatever it has read before.
func TestDecoder(t *testing.T) {
	large := func(n int) string { // more than any store holds at first
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d": [{"a": [%d, "x\n%d"]}, {}, []],`, i, i, i)
		}
		return "{" + b.String() + "}"
	}
	documents := []string{`{"a": 1}`, large(300), `{"a": {"b": [1, 2, {"c": null}]}, "a": true}`, `{"a" 1}`, `[[[], [1]], {}]`, ``, large(40), `7`}
	var d render.Decoder
	for range 3 {
		for _, text := range documents {
			want, wantNotes, wantErr := render.DecodeLoosely("pass.json", []byte(text))
			got, notes, err := d.Decode("pass.json", []byte(text))
			if fmt.Sprint(notes) != fmt.Sprint(wantNotes) || fmt.Sprint(err) != fmt.Sprint(wantErr) || (got == nil) != (want == nil) {
				t.Fatalf("%.60s: %v, %v; want %v, %v", text, notes, err, wantNotes, wantErr)
			}
			if got != nil && string(got.AppendJSON(nil)) != string(want.AppendJSON(nil)) {
				t.Errorf("%.60s: read as %.200s", text, got.AppendJSON(nil))
			}
			if len(text)%2 == 0 {
				d.Forget()
			}
		}
	}
}

// TestDecoders checks that Decoders share nothing.
func TestDecoders(t *testing.T) {
	var workers sync.WaitGroup
	for i := range 4 {
		workers.Go(func() {
			var d render.Decoder
			for j := range 200 {
				text := fmt.Sprintf(`{"worker":%d,"round":[%d,{"again":%d}]}`, i, j, j)
				if n, _, err := d.Decode("pass.json", []byte(text)); err != nil || string(n.AppendJSON(nil)) != text {
					t.Errorf("%s is read as %v, %v", text, n, err)
				}
				d.Forget()
			}
		})
	}
	workers.Wait()
}
