package sheet_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs/sheet"
	"passmill/jobs/sheet/sheettest"
)

// styled makes a workbook with one cell below a header for each format code;
// inside is what stands in its c element, attributes says the rest.
func styled(t *testing.T, since1904 bool, code, attributes, inside string) string {
	t.Helper()
	escape := strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;")
	parts := map[string]func([]byte) []byte{
		stylesXML: to(`<styleSheet><numFmts><numFmt numFmtId="200" formatCode="` + escape.Replace(code) + `"/></numFmts>` +
			`<cellXfs><xf numFmtId="0"/><xf numFmtId="200"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="9"/></cellXfs></styleSheet>`),
		sheetXML: to(rowsXML(`<row><c t="inlineStr"><is><t>Value</t></is></c></row><row><c r="A2" ` + attributes + `>` + inside + `</c></row>`)),
	}
	if since1904 {
		parts[bookXML] = sub("<sheets>", `<workbookPr date1904="1"/><sheets>`)
	}
	return write(t, "cells.xlsx", edit(t, workbook(t, 1, 1, false), parts))
}

// TestCells checks how single cells arrive.
func TestCells(t *testing.T) {
	cases := []struct {
		name, code, attributes, inside string
		want                           string
	}{
		{"whole number", "", ``, `<v>42</v>`, `number("42" 42)`},
		{"fraction", "", ``, `<v>-1.50</v>`, `number("-1.5" -1.5)`},
		{"noise of binary fractions", "", ``, `<v>0.30000000000000004</v>`, `number("0.3" 0.3)`},
		{"noise of a price", "0.00", `s="1"`, `<v>59.970000000000006</v>`, `number("59.97" 59.97)`},
		{"exponent", "", ``, `<v>1.5E-7</v>`, `number("0.00000015" 0.00000015)`},
		{"card number", "", ``, `<v>4111111111111111</v>`, `number("4111111111111111" 4111111111111111)`},
		{"card number, exponent", "", ``, `<v>4.111111111111111E+15</v>`, `number("4111111111111111" 4111111111111111)`},
		{"card number, grouped", "#,##0", `s="1"`, `<v>4111111111111111</v>`, `number("4111111111111111" 4111111111111111)`},
		{"card number, scientific", "0.00E+00", `s="1"`, `<v>411111111111</v>`, `number("411111111111" 411111111111)`},
		{"20 digits", "0", `s="1"`, `<v>1E+19</v>`, `number("10000000000000000000" 10000000000000000000)`},
		{"leading zeros", "00000", `s="1"`, `<v>42</v>`, `number("00042" 42)`},
		{"leading zeros, negative", "000", `s="1"`, `<v>-4</v>`, `number("-004" -4)`},
		{"stored leading zeros", "", ``, `<v>0042</v>`, `number("42" 42)`},
		{"grouped", "#,##0.00", `s="1"`, `<v>1234.5</v>`, `number("1,234.50" 1234.5)`},
		{"euro", "#,##0.00 \"€\"", `s="1"`, `<v>1234.5</v>`, `number("1,234.50 €" 1234.5)`},
		{"euro, German format", "#,##0.00\\ [$€-407]", `s="1"`, `<v>1234.5</v>`, `number("1,234.50 €" 1234.5)`},
		{"negative in red", "0.00;[Red]-0.00", `s="1"`, `<v>-2</v>`, `number("-2.00" -2)`},
		{"percent", "", `s="4"`, `<v>0.25</v>`, `number("25%" 0.25)`},
		{"percent with a decimal", "0.0%", `s="1"`, `<v>0.255</v>`, `number("25.5%" 0.255)`},
		{"text around", `"No. "0`, `s="1"`, `<v>7</v>`, `number("No. 7" 7)`},
		{"duration", "[h]:mm", `s="1"`, `<v>1.5</v>`, `number("36:00" 1.5)`},
		{"date, system's format", "", `s="2"`, `<v>46387</v>`, `date("2026-12-31" 2026-12-31T00:00:00)`},
		{"date and time, system's format", "", `s="3"`, `<v>46387.75</v>`, `date("2026-12-31 18:00" 2026-12-31T18:00:00)`},
		{"German date", "dd.mm.yyyy", `s="1"`, `<v>46387</v>`, `date("31.12.2026" 2026-12-31T00:00:00)`},
		{"German month", "[$-407]d. mmmm yyyy", `s="1"`, `<v>46387</v>`, `date("31. Dezember 2026" 2026-12-31T00:00:00)`},
		{"long date", "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", `s="1"`, `<v>46387</v>`, `date("2026-12-31" 2026-12-31T00:00:00)`},
		{"quoted letters are no date", `0 "days"`, `s="1"`, `<v>3</v>`, `number("3 days" 3)`},
		{"almost midnight", "yyyy-mm-dd hh:mm:ss", `s="1"`, `<v>46387.499999999993</v>`, `date("2026-12-31 12:00:00" 2026-12-31T12:00:00)`},
		{"first days", "yyyy-mm-dd", `s="1"`, `<v>1</v>`, `date("1900-01-01" 1900-01-01T00:00:00)`},
		{"first of March 1900", "yyyy-mm-dd", `s="1"`, `<v>61</v>`, `date("1900-03-01" 1900-03-01T00:00:00)`},
		{"no date: too late", "yyyy-mm-dd", `s="1"`, `<v>99999999</v>`, `number("99999999" 99999999)`},
		{"no date: negative", "yyyy-mm-dd", `s="1"`, `<v>-1</v>`, `number("-1" -1)`},
		{"ISO date", "", `t="d"`, `<v>2026-12-31</v>`, `date("2026-12-31" 2026-12-31T00:00:00)`},
		{"ISO date with a format", "dd.mm.yyyy", `t="d" s="1"`, `<v>2026-12-31T10:30:00Z</v>`, `date("31.12.2026" 2026-12-31T10:30:00)`},
		{"true", "", `t="b"`, `<v>1</v>`, `bool("TRUE" true)`},
		{"false", "", `t="b"`, `<v>0</v>`, `bool("FALSE" false)`},
		{"error", "", `t="e"`, `<f>1/0</f><v>#DIV/0!</v>`, `error("#DIV/0!" )`},
		{"formula, number", "", ``, `<f>1+1</f><v>2</v>`, `number("2" 2)`},
		{"formula, text", "", `t="str"`, `<f>"a"</f><v>a &amp; b</v>`, `"a & b"`},
		{"inline", "", `t="inlineStr"`, `<is><t>Zoë</t></is>`, `"Zoë"`},
		{"rich text", "", `t="inlineStr"`, `<is><r><rPr><b/></rPr><t xml:space="preserve">Zoë </t></r><r><t>Müller</t></r><rPh sb="0" eb="1"><t>hint</t></rPh></is>`, `"Zoë Müller"`},
		{"blanks kept", "", `t="inlineStr"`, `<is><t xml:space="preserve">  a  </t></is>`, `"  a  "`},
		{"blanks dropped", "", `t="inlineStr"`, "<is><t>\n  a  </t></is>", `"a"`},
		{"escapes", "", `t="inlineStr"`, `<is><t>a_x000D_b_x005F_x000D_c_xD83D__xDE00_ _x00_</t></is>`, `"a\rb_x000D_c😀 _x00_"`},
		{"entities", "", `t="inlineStr"`, `<is><t>&lt;&#252;&#x20AC;&gt;<![CDATA[<b>]]></t></is>`, `"<ü€><b>"`},
		{"text in a text format", `"Dear "@`, `t="inlineStr" s="1"`, `<is><t>Zoë</t></is>`, `"Dear Zoë"`},
		{"number in text format", `@`, `s="1"`, `<v>42</v>`, `number("42" 42)`},
		{"unknown style", "", `s="99"`, `<v>42</v>`, `number("42" 42)`},
		{"German General", "Standard", `s="1"`, `<v>42.5</v>`, `number("42.5" 42.5)`},
		{"hidden value", ";;;", `s="1"`, `<v>42</v>`, `number("" 42)`},
		{"fraction format", "# ?/?", `s="1"`, `<v>1.5</v>`, `number("1 1/2" 1.5)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, rows, err := read(t, sheet.Options{File: styled(t, false, c.code, c.attributes, c.inside)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"2: " + c.want}, lines(rows)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestDates1904 checks the date system of old Macs.
func TestDates1904(t *testing.T) {
	_, rows, err := read(t, sheet.Options{File: styled(t, true, "dd.mm.yyyy", `s="1"`, `<v>44925</v>`)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`2: date("31.12.2026" 2026-12-31T00:00:00)`}, lines(rows)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestSparse checks rows and cells that are left out, blank or unnumbered.
func TestSparse(t *testing.T) {
	text := func(ref, s string) string { return `<c ` + ref + ` t="inlineStr"><is><t>` + s + `</t></is></c>` }
	rows := `<row r="1">` + text(`r="A1"`, " Name ") + text(`r="C1"`, "City") + `</row>` +
		`<row r="3">` + text(`r="A3"`, "Zoë") + `<c r="B3" s="1"/>` + text(`r="E3"`, "unnamed") + `</row>` +
		`<row r="4"><c r="A4"/></row><row r="5">` + text(`r="C5"`, "  ") + `</row>` +
		`<row>` + text("", "Max") + text("", "") + text("", "Halle") + `</row>` +
		`<row r="1000000"><c r="C1000000"><v>7</v></c></row>`
	file := write(t, "sparse.xlsx", edit(t, workbook(t, 1, 1, false), map[string]func([]byte) []byte{sheetXML: to(rowsXML(rows))}))
	columns, got, err := read(t, sheet.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Ref+"="+c.Name)
	}
	if diff := cmp.Diff([]string{"A=Name", "C=City", "E=E"}, names); diff != "" {
		t.Errorf("columns, -want +got:\n%s", diff)
	}
	want := []string{`3: "Zoë" - "unnamed"`, `6: "Max" "Halle"`, `1000000: - number("7" 7)`}
	if diff := cmp.Diff(want, lines(got)); diff != "" {
		t.Errorf("rows, -want +got:\n%s", diff)
	}
}

// TestWorkbookWritten checks the generated workbook cell by cell, with shared
// strings and without.
func TestWorkbookWritten(t *testing.T) {
	for _, shared := range []bool{false, true} {
		_, rows, err := read(t, sheet.Options{File: workbookFile(t, 3000, 15, shared)})
		if err != nil || len(rows) != 3000 {
			t.Fatalf("shared %v: got %d rows, %v", shared, len(rows), err)
		}
		for i, row := range rows {
			for col, cell := range row.Cells {
				if want := sheettest.Text(i+1, col); cell.Text != want {
					t.Fatalf("shared %v, row %d, column %d: got %q, want %q", shared, i+1, col, cell.Text, want)
				}
			}
		}
	}
}
