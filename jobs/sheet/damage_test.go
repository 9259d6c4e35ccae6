package sheet_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"passmill/jobs/sheet"
)

// TestDamage checks that a damaged sheet is an error and never a shorter one.
func TestDamage(t *testing.T) {
	t.Parallel()
	const rows = 10_000
	good := workbook(t, rows, 3, false)
	if _, got, err := read(t, sheet.Options{File: write(t, "good.xlsx", good)}); err != nil || len(got) != rows {
		t.Fatalf("undamaged: got %d rows, %v", len(got), err)
	}
	middle := func(insert string) func([]byte) []byte {
		return func(data []byte) []byte {
			at := len(data)/2 + bytes.Index(data[len(data)/2:], []byte("City"))
			return append(append(append([]byte(nil), data[:at]...), insert...), data[at:]...)
		}
	}
	cases := []struct {
		name   string
		change func([]byte) []byte
		words  string
	}{
		{"cut in half", func(data []byte) []byte { return data[:len(data)/2] }, "after row 5"},
		{"cut after a row", func(data []byte) []byte {
			return data[:bytes.LastIndex(data[:len(data)/2], []byte("<row"))]
		}, "after row 5"},
		{"cut behind the rows", func(data []byte) []byte {
			return bytes.TrimSuffix(data, []byte("</sheetData></worksheet>"))
		}, "after row 10001"},
		{"cut before the root's end", func(data []byte) []byte {
			return bytes.TrimSuffix(data, []byte("</worksheet>"))
		}, "well-formed"},
		{"NUL", middle("\x00"), "well-formed"},
		{"bad UTF-8", middle("\xff"), "UTF-8"},
		{"stray <", middle("<"), "well-formed"},
		{"unknown entity", middle("&evil;"), "well-formed"},
		{"wrong end tag", middle("</c>"), "well-formed"},
		{"text behind the end", func(data []byte) []byte { return append(data, "more"...) }, "goes on after its end"},
		{"second root", func(data []byte) []byte { return append(data, "<worksheet/>"...) }, "goes on after its end"},
		{"empty part", to(""), "is empty"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bad := edit(t, good, map[string]func([]byte) []byte{sheetXML: c.change})
			refused(t, sheet.Options{File: write(t, "bad.xlsx", bad)}, c.words)
		})
	}
}

// TestDamagedArchive checks damage below the XML: in the archive itself.
func TestDamagedArchive(t *testing.T) {
	t.Parallel()
	good := workbook(t, 10_000, 6, true)
	header := func(b []byte) []byte { // the sheet's entry in the directory
		at := bytes.LastIndex(b, []byte(sheetXML))
		return b[at-46:]
	}
	cases := []struct {
		name   string
		damage func([]byte) []byte
	}{
		{"size too small", func(b []byte) []byte {
			binary.LittleEndian.PutUint32(header(b)[24:], 1000)
			return b
		}},
		{"size too large", func(b []byte) []byte {
			h := header(b)
			binary.LittleEndian.PutUint32(h[24:], binary.LittleEndian.Uint32(h[24:])+1)
			return b
		}},
		{"checksum", func(b []byte) []byte {
			header(b)[16] ^= 1
			return b
		}},
		{"packed bytes", func(b []byte) []byte {
			b[len(b)/3] ^= 0x55
			return b
		}},
		{"file cut in half", func(b []byte) []byte { return b[:len(b)/2] }},
		{"file without its last byte", func(b []byte) []byte { return b[:len(b)-1] }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			refused(t, sheet.Options{File: write(t, "bad.xlsx", c.damage(bytes.Clone(good)))})
		})
	}
}

// TestDamagedStrings checks that a shared string that is not there is an error
// rather than an empty cell.
func TestDamagedStrings(t *testing.T) {
	good := workbook(t, 100, 6, true)
	for name, change := range map[string]func([]byte) []byte{
		"cut":  func(data []byte) []byte { return data[:len(data)/2] },
		"few":  to(`<sst xmlns="x"><si><t>one</t></si></sst>`),
		"none": to(`<sst/>`),
	} {
		t.Run(name, func(t *testing.T) {
			bad := edit(t, good, map[string]func([]byte) []byte{stringsXML: change})
			refused(t, sheet.Options{File: write(t, "bad.xlsx", bad)})
		})
	}
}
