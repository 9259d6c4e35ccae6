package link_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passmill/jobs"
	"passmill/output/link"
)

// keys are master keys of a test.
type keys int

func (k keys) Newest() int { return int(k) }

func (k keys) Derive(version int, purpose string) ([]byte, error) {
	if version > int(k) {
		return nil, errors.New("no such key")
	}
	return bytes.Repeat([]byte{byte(version), purpose[0]}, 16), nil
}

// TestCodes: a code says what was put into it, with whatever key it was made.
func TestCodes(t *testing.T) {
	codes := link.NewCodes(keys(3))
	rapid.Check(t, func(t *rapid.T) {
		plain := link.Plain{Pass: rapid.Int64Range(0, 1<<62).Draw(t, "pass"), Nonce: [8]byte(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "nonce"))}
		version := rapid.IntRange(1, 3).Draw(t, "version")
		code, err := codes.Plain(version, plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codes.Open(code)
		if err != nil || got.Plain == nil || *got.Plain != plain || got.Version != version {
			t.Fatalf("got %+v, %v", got, err)
		}
		sealed := link.Sealed{
			Series: [8]byte(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "series")), Epoch: rapid.IntRange(0, 300).Draw(t, "epoch"),
			Generation: rapid.IntRange(0, 300).Draw(t, "generation"), Days: rapid.IntRange(0, 9999).Draw(t, "days"),
			Issued: time.Date(2026, 1, 1, 0, rapid.IntRange(0, 20_000_000).Draw(t, "minutes"), 0, 0, time.UTC),
			Values: []byte(rapid.StringN(0, 400, -1).Draw(t, "values") + strings.Repeat("same ", rapid.IntRange(0, 200).Draw(t, "repeated"))),
		}
		if code, err = codes.Sealed(sealed); err != nil {
			t.Fatal(err)
		}
		got, err = codes.Open(code)
		if err != nil || got.Sealed == nil {
			t.Fatalf("got %+v, %v", got, err)
		}
		back := *got.Sealed
		if !bytes.Equal(back.Values, sealed.Values) || back.Series != sealed.Series || back.Epoch != sealed.Epoch ||
			back.Generation != sealed.Generation || back.Days != sealed.Days || !back.Issued.Equal(sealed.Issued) {
			t.Fatalf("got %+v, want %+v", back, sealed)
		}
	})
}

// TestLayout: values come back as the importer wrote them, and those of no field of the
// layout are left out.
func TestLayout(t *testing.T) {
	fields := []jobs.Field{{Name: "Serial"}, {Name: "Points"}, {Name: "Price"}, {Name: "Note"}, {Name: "Family"}, {Name: "Contact"}}
	values := []jobs.Value{
		{Text: "M1", Present: true}, {Text: "42", JSON: "42", Present: true}, {Text: "1,50", JSON: "1.5", Present: true}, {},
		{Text: "F1", Present: true}, {Text: "a@example.com", Present: true},
	}
	l := link.Layout{Fields: []string{"Serial", "Points", "Price", "Note", "Family"}, Serial: "Serial", Bundle: "Family"}
	packed, err := l.Pack(jobs.AppendValues(nil, fields, values))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(packed, []byte("example.com")) {
		t.Error("a value of no field of the layout is carried")
	}
	row, err := l.Unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	if want := jobs.AppendValues(nil, fields[:5], values[:5]); !bytes.Equal(row.Values, want) || row.Serial != "M1" || row.Bundle != "F1" {
		t.Errorf("got %q, want %q; %+v", row.Values, want, row)
	}
	for n := range packed {
		if _, err := l.Unpack(packed[:n]); err == nil {
			t.Errorf("cut to %d bytes it is taken", n)
		}
	}
}

// TestTampered: a code of which a single bit was turned, or that was cut or grew, opens
// nothing.
func TestTampered(t *testing.T) {
	codes := link.NewCodes(keys(2))
	code, err := codes.Sealed(link.Sealed{Issued: time.Now(), Values: bytes.Repeat([]byte("a row "), 60)})
	if err != nil {
		t.Fatal(err)
	}
	data, err := base64.RawURLEncoding.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	wrong := func(what, code string) {
		if _, err := codes.Open(code); !errors.Is(err, link.ErrUnknown) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range data {
		for bit := range 8 {
			other := bytes.Clone(data)
			other[i] ^= 1 << bit
			wrong("a turned bit", base64.RawURLEncoding.EncodeToString(other))
		}
	}
	for n := range len(code) {
		wrong("cut", code[:n])
	}
	wrong("grown", code+"A")
	wrong("padded", code+"==")
	wrong("with a line end", code[:20]+"\n"+code[20:])
	stranger, err := link.NewCodes(otherKeys{}).Plain(1, link.Plain{Pass: 1})
	if err != nil {
		t.Fatal(err)
	}
	wrong("of another ledger", stranger)
}

type otherKeys struct{}

func (otherKeys) Newest() int                        { return 1 }
func (otherKeys) Derive(int, string) ([]byte, error) { return bytes.Repeat([]byte{9}, 32), nil }

// TestGuesses: made-up codes open nothing. LINK_GUESSES says how many are tried.
func TestGuesses(t *testing.T) {
	n := 30_000
	if text := os.Getenv("LINK_GUESSES"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	codes := link.NewCodes(keys(2))
	real, err := codes.Plain(2, link.Plain{Pass: 7})
	if err != nil {
		t.Fatal(err)
	}
	like, _ := base64.RawURLEncoding.DecodeString(real)
	for i := range n {
		guess := make([]byte, len(like))
		rand.Read(guess)
		guess[0] = byte(1 + i%2)
		if i%3 == 0 { // a genuine one with another end
			copy(guess, like[:len(like)-1-i%20])
		}
		if bytes.Equal(guess, like) {
			continue
		}
		if _, err := codes.Open(base64.RawURLEncoding.EncodeToString(guess)); !errors.Is(err, link.ErrUnknown) {
			t.Fatalf("guess %d opens: %v", i, err)
		}
	}
	t.Logf("%d guesses, none opened anything", n)
}

// TestMarks: a mark can't be made without the key, and tells names apart.
func TestMarks(t *testing.T) {
	codes := link.NewCodes(keys(2))
	seen := map[string]bool{}
	for _, names := range [][]string{{"pass", "a", "bc"}, {"pass", "ab", "c"}, {"job", "a", "bc"}} {
		id, err := codes.Mark(names[0], names[1:]...)
		if err != nil || len(id) != 32 || seen[string(id)] {
			t.Errorf("%v: %x, %v", names, id, err)
		}
		seen[string(id)] = true
	}
	again, _ := link.NewCodes(keys(5)).Mark("pass", "a", "bc")
	if !seen[string(again)] {
		t.Error("with newer keys the mark is another")
	}
}
