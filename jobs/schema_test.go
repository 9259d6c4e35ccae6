package jobs_test

import (
	"strings"
	"testing"

	"passmill/jobs"
)

// read reads one cell by a field's type.
func read(t *testing.T, f jobs.Field, c jobs.Cell) (jobs.Value, []jobs.Problem) {
	t.Helper()
	f.Name = "F"
	s, err := jobs.NewSchema([]jobs.Field{f}, []jobs.Column{{Name: "f", Ref: "C"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]jobs.Value, 1)
	problems := s.Read(jobs.Row{Origin: jobs.Origin{File: "m.xlsx", Sheet: "S", Row: 7}, Cells: []jobs.Cell{c}}, values)
	return values[0], problems
}

func text(s string) jobs.Cell { return jobs.Cell{Text: s, Kind: jobs.TextCell} }

// instant is a date of which the source knows the very point in time.
func instant(raw string) jobs.Cell {
	return jobs.Cell{Text: raw + ", as shown", Raw: raw, Kind: jobs.DateCell}
}

func TestReadGoodCells(t *testing.T) {
	berlin := "Europe/Berlin"
	tests := []struct {
		field      jobs.Field
		cell       jobs.Cell
		text, json string
	}{
		{jobs.Field{}, text("  00042 "), "00042", ""},
		{jobs.Field{}, text("שלום\r\n👩🏽‍🚀"), "שלום\n👩🏽‍🚀", ""},
		{jobs.Field{}, jobs.Cell{Text: "1,234.50 €", Raw: "1234.5", Kind: jobs.NumberCell}, "1,234.50 €", ""},
		{jobs.Field{OneOf: []string{"Gold", "Basic"}}, text("gold"), "Gold", ""},
		{jobs.Field{MaxLength: 3}, text("äöü"), "äöü", ""},
		{jobs.Field{Default: "x"}, text(""), "x", ""},
		{jobs.Field{Type: jobs.TypeInteger, Default: "0"}, jobs.Cell{}, "0", "0"},
		{jobs.Field{Type: jobs.TypeInteger}, jobs.Cell{Text: "1.250", Raw: "1250", Kind: jobs.NumberCell}, "1250", "1250"},
		{jobs.Field{Type: jobs.TypeInteger}, text("007"), "7", "7"},
		{jobs.Field{Type: jobs.TypeInteger}, text("12.00"), "12", "12"},
		{jobs.Field{Type: jobs.TypeInteger, Format: "#.##0"}, text("1.234.567"), "1.234.567", "1234567"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1.5"), "1.5", "1.5"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1.234,5"), "1234.5", "1234.5"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1,234.5"), "1234.5", "1234.5"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1 234 567"), "1234567", "1234567"},
		{jobs.Field{Type: jobs.TypeNumber}, text("-12,5"), "-12.5", "-12.5"},
		{jobs.Field{Type: jobs.TypeNumber, Format: "0.00"}, text("3.1"), "3.10", "3.1"},
		{jobs.Field{Type: jobs.TypeMoney}, text("€ 1.234,50"), "1234.50", "1234.50"},
		{jobs.Field{Type: jobs.TypeMoney}, text("12.99 USD"), "12.99", "12.99"},
		{jobs.Field{Type: jobs.TypeMoney, Format: "#.##0,00"}, jobs.Cell{Text: "1,234.50 €", Raw: "1234.5", Kind: jobs.NumberCell}, "1.234,50", "1234.5"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1.234"), "1.234", "1.234"},
		{jobs.Field{Type: jobs.TypeNumber}, text("0,125"), "0.125", "0.125"},
		{jobs.Field{Type: jobs.TypeMoney}, text("0.125 €"), "0.125", "0.125"},
		{jobs.Field{Type: jobs.TypeMoney}, jobs.Cell{Text: "1.234", Raw: "1.234", Kind: jobs.NumberCell}, "1.234", "1.234"},
		{jobs.Field{Type: jobs.TypeMoney, Format: "#.##0,00"}, text("1.234 €"), "1.234,00", "1234"},
		{jobs.Field{Type: jobs.TypeMoney}, text("1.234.567"), "1234567", "1234567"},
		{jobs.Field{Type: jobs.TypeInteger}, text("-0"), "0", "0"},
		{jobs.Field{Type: jobs.TypeNumber}, text("-0,00"), "0.00", "0.00"},
		{jobs.Field{Type: jobs.TypeNumber}, text("-0,5"), "-0.5", "-0.5"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1\u202f234\u202f567,5"), "1234567.5", "1234567.5"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1\u2009234"), "1234", "1234"},
		{jobs.Field{Type: jobs.TypeMoney}, text("1\u00a0234,50\u202f€"), "1234.50", "1234.50"},
		{jobs.Field{Type: jobs.TypeNumber, Format: "# ##0,00"}, text("\u22121\u202f234,5"), "-1 234,50", "-1234.5"},
		{jobs.Field{Type: jobs.TypeBoolean}, text("Ja"), "true", "true"},
		{jobs.Field{Type: jobs.TypeBoolean}, jobs.Cell{Text: "FALSCH", Raw: "false", Kind: jobs.BoolCell}, "false", "false"},
		{jobs.Field{Type: jobs.TypeDate}, text("2026-12-31"), "2026-12-31", `"2026-12-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate, TimeZone: berlin}, text("31.12.2026"), "2026-12-31", `"2026-12-31T00:00:00+01:00"`},
		{jobs.Field{Type: jobs.TypeDate, TimeZone: berlin, At: "23:59:59"}, text("2026-10-25"), "2026-10-25", `"2026-10-25T23:59:59+01:00"`},
		{jobs.Field{Type: jobs.TypeDate, TimeZone: berlin}, text("2026-07-01"), "2026-07-01", `"2026-07-01T00:00:00+02:00"`},
		{jobs.Field{Type: jobs.TypeDate, Format: "dd/MM/yyyy"}, text("03/04/2026"), "03/04/2026", `"2026-04-03T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("31/12/2026"), "2026-12-31", `"2026-12-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("12/31/2026"), "2026-12-31", `"2026-12-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("5/5/2026"), "2026-05-05", `"2026-05-05T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate, Format: "d.M.yy"}, jobs.Cell{Text: "Dec 31", Raw: "2026-12-31T00:00:00", Kind: jobs.DateCell}, "31.12.26", `"2026-12-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDateTime, TimeZone: berlin}, text("2026-12-31 20:15"), "2026-12-31 20:15", `"2026-12-31T20:15:00+01:00"`},
		{jobs.Field{Type: jobs.TypeDateTime, TimeZone: berlin}, text("2026-12-31T20:15:30Z"), "2026-12-31 21:15", `"2026-12-31T21:15:30+01:00"`},
		{jobs.Field{Type: jobs.TypeDateTime}, text("2026-12-31T20:15:30Z"), "2026-12-31 20:15", `"2026-12-31T20:15:30Z"`},
		{jobs.Field{Type: jobs.TypeDateTime}, text("2026-12-31T20:15:30.250+05:30"), "2026-12-31 20:15", `"2026-12-31T20:15:30+05:30"`},
		{jobs.Field{Type: jobs.TypeDateTime, TimeZone: berlin}, instant("2026-12-31T15:15:30-05:00"), "2026-12-31 21:15", `"2026-12-31T21:15:30+01:00"`},
		{jobs.Field{Type: jobs.TypeDateTime}, instant("2026-12-31T15:15:30-05:00"), "2026-12-31 15:15", `"2026-12-31T15:15:30-05:00"`},
		{jobs.Field{Type: jobs.TypeDateTime, At: "18:00:00"}, instant("2026-12-31T00:00:00+01:00"), "2026-12-31 00:00", `"2026-12-31T00:00:00+01:00"`},
		{jobs.Field{Type: jobs.TypeDate, TimeZone: berlin}, instant("2026-06-30T22:00:00Z"), "2026-07-01", `"2026-07-01T00:00:00+02:00"`},
		{jobs.Field{Type: jobs.TypeDate}, instant("2026-06-30T22:00:00Z"), "2026-06-30", `"2026-06-30T00:00:00Z"`},
		{jobs.Field{}, instant("2026-06-30T22:00:00Z"), "2026-06-30T22:00:00Z, as shown", ""},
		{jobs.Field{Type: jobs.TypeJSON}, text(`["` + strings.Repeat("x", 20_000) + `"]`), `["` + strings.Repeat("x", 20_000) + `"]`, `["` + strings.Repeat("x", 20_000) + `"]`},
		{jobs.Field{Type: jobs.TypeDate, TimeZone: berlin}, text("2026-06-30T22:00:00Z"), "2026-07-01", `"2026-07-01T00:00:00+02:00"`},
		{jobs.Field{Type: jobs.TypeDate, TimeZone: berlin, Format: "dd.MM.yyyy"}, text("2026-06-30T22:00:00Z"), "01.07.2026", `"2026-07-01T00:00:00+02:00"`},
		{jobs.Field{Type: jobs.TypeDate}, text("2026-06-30T22:00:00-02:00"), "2026-06-30", `"2026-06-30T00:00:00-02:00"`},
		{jobs.Field{Type: jobs.TypeDate, Format: "MM.dd.yyyy"}, text("1.2.2026"), "01.02.2026", `"2026-01-02T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate, Format: "dd/MM/yyyy"}, text("1/2/2026"), "01/02/2026", `"2026-02-01T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate, Format: "dd/MM/yyyy"}, text("2026-02-01"), "01/02/2026", `"2026-02-01T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate, Format: "ddMMyyyy"}, text("01022026"), "01022026", `"2026-02-01T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDateTime, Format: "dd.MM.yyyy HH.mm", At: "09:00:00"}, text("1.2.2026 18.30"), "01.02.2026 18.30", `"2026-02-01T18:30:00Z"`},
		{jobs.Field{Type: jobs.TypeDate, Format: "d. MMMM yyyy"}, text("31. Dezember 2025"), "31. December 2025", `"2025-12-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate, Format: "d MMM yyyy"}, text("31 déc 2025"), "31 Dec 2025", `"2025-12-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("31. Dezember 2025"), "2025-12-31", `"2025-12-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("1. MÄRZ 2025"), "2025-03-01", `"2025-03-01T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("31 décembre 2025"), "2025-12-31", `"2025-12-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("1er août 2025"), "2025-08-01", `"2025-08-01T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("31 de enero de 2025"), "2025-01-31", `"2025-01-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("3 luglio 2025"), "2025-07-03", `"2025-07-03T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("December 31, 2025"), "2025-12-31", `"2025-12-31T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDate}, text("Sept 3, 2025"), "2025-09-03", `"2025-09-03T00:00:00Z"`},
		{jobs.Field{Type: jobs.TypeDateTime}, text("31. Dez. 2025 18:00"), "2025-12-31 18:00", `"2025-12-31T18:00:00Z"`},
		{jobs.Field{Type: jobs.TypeURL}, text("https://example.com/a?b=c"), "https://example.com/a?b=c", ""},
		{jobs.Field{Type: jobs.TypeURL}, text("tel:+49301234"), "tel:+49301234", ""},
		{jobs.Field{Type: jobs.TypeURL}, text("mailto:?subject=Hello"), "mailto:?subject=Hello", ""},
		{jobs.Field{Type: jobs.TypeURL}, text("http://münchen.test.:8080/@x"), "http://münchen.test.:8080/@x", ""},
		{jobs.Field{Type: jobs.TypeURL}, text("https://[2001:db8::1]/"), "https://[2001:db8::1]/", ""},
		{jobs.Field{Type: jobs.TypeEmail}, text("a.b+c@example.co.uk"), "a.b+c@example.co.uk", ""},
		{jobs.Field{Type: jobs.TypeColor}, text("#1e3A5f"), "rgb(30, 58, 95)", ""},
		{jobs.Field{Type: jobs.TypeColor}, text("#fff"), "rgb(255, 255, 255)", ""},
		{jobs.Field{Type: jobs.TypeColor}, text("rgb(1,2, 3)"), "rgb(1, 2, 3)", ""},
		{jobs.Field{Type: jobs.TypeJSON}, text(`[ {"a": 1} ]`), `[{"a":1}]`, `[{"a":1}]`},
	}
	for _, test := range tests {
		got, problems := read(t, test.field, test.cell)
		if len(problems) > 0 || got != (jobs.Value{Text: test.text, JSON: test.json, Present: true}) {
			t.Errorf("%s %q of %q: got %+v, %v; want %q, %s", test.field.Type, test.field.Format, test.cell.Text, got, problems, test.text, test.json)
		}
	}
	if got, problems := read(t, jobs.Field{Optional: true}, text(" ")); got.Present || len(problems) > 0 {
		t.Errorf("empty optional cell: got %+v, %v", got, problems)
	}
}

func TestReadBadCells(t *testing.T) {
	tests := []struct {
		field jobs.Field
		cell  jobs.Cell
		code  string
	}{
		{jobs.Field{}, text(""), "missing"},
		{jobs.Field{}, jobs.Cell{Text: "#DIV/0!", Kind: jobs.ErrorCell}, "formula-error"},
		{jobs.Field{}, jobs.Cell{Text: "NaN", Kind: jobs.ErrorCell}, "not-a-number"},
		{jobs.Field{Type: jobs.TypeDateTime}, jobs.Cell{Text: "x", Raw: "2026-12-31T25:00:00+01:00", Kind: jobs.DateCell}, "not-a-date"},
		{jobs.Field{}, text("a\x00b"), "bad-text"},
		{jobs.Field{}, text("a\x1bb"), "bad-text"},
		{jobs.Field{}, text("a\xffb"), "bad-text"},
		{jobs.Field{}, text("a\u202eb"), "bad-text"},
		{jobs.Field{}, text("a\u2066b"), "bad-text"},
		{jobs.Field{}, text(strings.Repeat("x", 10_001)), "too-long"},
		{jobs.Field{MaxLength: 3}, text("abcd"), "too-long"},
		{jobs.Field{OneOf: []string{"Gold"}}, text("Golden"), "not-allowed"},
		{jobs.Field{Type: jobs.TypeInteger}, text("1.5"), "not-a-whole-number"},
		{jobs.Field{Type: jobs.TypeInteger}, text("plenty"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1,234"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeMoney}, text("1.234"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeMoney}, text("1.234 €"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeMoney}, text("-12.345"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeInteger}, text("1.000"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeNumber}, text("0 125"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1e5"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1.2.3"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeNumber}, text("--1"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeMoney}, text("free"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeMoney, Format: "#.##0,00"}, text("1234.50"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeInteger, Format: "#,##0"}, text("12,34"), "not-a-number"},
		{jobs.Field{Type: jobs.TypeBoolean}, text("maybe"), "not-a-boolean"},
		{jobs.Field{Type: jobs.TypeDate}, text("31.02.2026"), "not-a-date"},
		{jobs.Field{Type: jobs.TypeDate}, text("03/04/2026"), "ambiguous-date"},
		{jobs.Field{Type: jobs.TypeDate, Format: "dd/MM/yyyy"}, text("12/31/2026"), "not-a-date"},
		{jobs.Field{Type: jobs.TypeDate, Format: "MM.dd.yyyy"}, text("31.12.2026"), "not-a-date"},
		{jobs.Field{Type: jobs.TypeDate, Format: "yyyy-dd-MM"}, text("2026-12-31"), "not-a-date"},
		{jobs.Field{Type: jobs.TypeDate, Format: "ddMMyyyy"}, text("1022026"), "not-a-date"},
		{jobs.Field{Type: jobs.TypeDate}, jobs.Cell{Text: "x", Raw: "nonsense", Kind: jobs.DateCell}, "not-a-date"},
		{jobs.Field{Type: jobs.TypeDate}, text("tomorrow"), "not-a-date"},
		{jobs.Field{Type: jobs.TypeDate}, text("0026-01-01"), "not-a-date"},
		{jobs.Field{Type: jobs.TypeDateTime}, text("2026-12-31T25:00"), "not-a-date"},
		{jobs.Field{Type: jobs.TypeURL}, text("shop.test/x"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeURL}, text("javascript:alert(1)"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeURL}, text("https:///only"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeURL}, text("https://exam\u200bple.com"), "bad-text"},
		{jobs.Field{Type: jobs.TypeURL}, text("mailto:"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeURL}, text("tel:"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeURL}, text("sms:"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeURL}, text("https://user:pw@example.com/"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeURL}, text("https://bank.example@example.com/"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeURL}, text("https://-.-/"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeURL}, text("https://:80/"), "not-a-url"},
		{jobs.Field{Type: jobs.TypeEmail}, text("a@-.-"), "not-an-email"},
		{jobs.Field{Type: jobs.TypeEmail}, text("a@example..com"), "not-an-email"},
		{jobs.Field{Type: jobs.TypeEmail}, text("a\u200b@example.com"), "bad-text"},
		{jobs.Field{Type: jobs.TypeEmail}, text("nobody"), "not-an-email"},
		{jobs.Field{Type: jobs.TypeEmail}, text("A <a@example.com>"), "not-an-email"},
		{jobs.Field{Type: jobs.TypeEmail}, text(`"a b"@example.com`), "not-an-email"},
		{jobs.Field{Type: jobs.TypeEmail}, text("a@localhost"), "not-an-email"},
		{jobs.Field{Type: jobs.TypeColor}, text("#12345"), "not-a-color"},
		{jobs.Field{Type: jobs.TypeColor}, text("rgb(256, 0, 0)"), "not-a-color"},
		{jobs.Field{Type: jobs.TypeJSON}, text("{"), "not-json"},
	}
	for _, test := range tests {
		got, problems := read(t, test.field, test.cell)
		if len(problems) != 1 || problems[0].Code != test.code || got.Present {
			t.Errorf("%s of %q: got %+v, %+v; want problem %s", test.field.Type, test.cell.Text, got, problems, test.code)
			continue
		}
		p := problems[0]
		if p.Origin.Cell() != "S!C7" || p.Fix == "" || p.Severity != jobs.Refused {
			t.Errorf("%q: got %+v", test.cell.Text, p)
		}
		if bad := strings.TrimSpace(test.cell.Text); len(bad) > 3 && strings.Contains(p.String(), bad) {
			t.Errorf("the message %q quotes the value", p)
		}
	}
}

// TestReadSaysWhatIsWrong checks the words where several mistakes share a code.
func TestReadSaysWhatIsWrong(t *testing.T) {
	const (
		asDate  = "is not a date; write it as 2026-12-31, or make it a date cell"
		noDay   = "is a day that does not exist; correct the day or the month"
		serial  = "is a number, not a date; give the cell a date format in the sheet, or write it as 2026-12-31"
		doubt   = "could mean thousands or a fraction; write it without a separator, or declare the field's format in template.yaml, for example format: "
		twoYear = "has a year of two digits; "
	)
	date := jobs.Field{Type: jobs.TypeDate}
	german := jobs.Field{Type: jobs.TypeDate, Format: "dd.MM.yyyy"}
	tests := []struct {
		field jobs.Field
		cell  jobs.Cell
		want  string
	}{
		{date, text("tomorrow"), asDate},
		{date, text("12.31.2026"), asDate},
		{date, text("31.04.2026"), noDay},
		{date, text("31.02.2026"), noDay},
		{date, text("2026-02-30"), noDay},
		{date, text("31/02/2026"), noDay},
		{date, text("31. April 2026"), noDay},
		{german, text("31.04.2026"), noDay},
		{jobs.Field{Type: jobs.TypeDate, Format: "dd.MM.yy"}, text("31.04.26"), noDay},
		{date, text("31.12.26"), twoYear + "write the year with four digits, or declare format: dd.MM.yy for the field in template.yaml"},
		{german, text("31.12.26"), twoYear + "write it as dd.MM.yyyy, or as 2026-12-31"},
		{date, text("45000"), serial},
		{date, text("45000,75"), serial},
		{german, text("45000"), "is a number, not a date; give the cell a date format in the sheet, or write it as dd.MM.yyyy, or as 2026-12-31"},
		{date, jobs.Cell{Text: "45,000.00", Raw: "45000", Kind: jobs.NumberCell}, serial},
		{jobs.Field{Type: jobs.TypeDate, Format: "yyyyMMdd"}, text("20261331"), "is not a date; write it as yyyyMMdd, or as 2026-12-31"},
		{jobs.Field{Type: jobs.TypeDateTime}, text("tomorrow"), "is not a date; write it as 2026-12-31 18:00, or make it a date cell"},
		{jobs.Field{Type: jobs.TypeNumber}, text("1,234"), doubt + `"#,##0"`},
		{jobs.Field{Type: jobs.TypeMoney}, text("1.234 €"), doubt + `"#.##0"`},
		{jobs.Field{Type: jobs.TypeURL}, text("tel:"), "has nothing behind its beginning; write the address or the telephone number behind the colon"},
		{jobs.Field{Type: jobs.TypeURL}, text("https://a:b@example.com"), "holds a user name or password before the host; take off everything between // and @, and the @"},
	}
	for _, test := range tests {
		_, problems := read(t, test.field, test.cell)
		if len(problems) != 1 || problems[0].Message+"; "+problems[0].Fix != test.want {
			t.Errorf("%s %q of %q: got %+v, want %q", test.field.Type, test.field.Format, test.cell.Text, problems, test.want)
		}
	}
}

func TestDateFormatsNameAWholeDate(t *testing.T) {
	for format, whole := range map[string]bool{"HH:mm": false, "MM/yyyy": false, "dd.MM.": false, "d.M.yy": true, "yyyyMMdd HHmm": true} {
		if err := (jobs.Field{Name: "F", Type: jobs.TypeDate, Format: format}).Check(); (err == nil) != whole {
			t.Errorf("format %q: got %v", format, err)
		}
	}
}

func TestNewSchemaNamesEveryMistake(t *testing.T) {
	fields := []jobs.Field{
		{Name: "MemberID"}, {Name: "Points", Type: jobs.TypeInteger, Default: "none"},
		{Name: "Date", Type: jobs.TypeDate, Format: "QQ", TimeZone: "Mars"},
	}
	columns := []jobs.Column{{Name: "Member-IDs", Ref: "A"}, {Name: "date", Ref: "B"}}
	_, err := jobs.NewSchema(fields, columns, map[string]string{"Pionts": "date", "Date": "Dat"})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		`no field "Pionts" (did you mean "Points"?)`, `no column "Dat" (did you mean "date"?)`,
		`field MemberID has no column (did you mean "Member-IDs"?)`, `its default "none": is not a number`,
		`format "QQ"`, `time zone "Mars" is unknown`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
}

func TestHeadersMatchLoosely(t *testing.T) {
	columns := []jobs.Column{{Name: "first_NAME", Ref: "A"}, {Name: "Member no.", Ref: "B"}}
	s, err := jobs.NewSchema([]jobs.Field{{Name: "FirstName"}, {Name: "MemberID"}}, columns, map[string]string{"memberid": "member NO."})
	if err != nil {
		t.Fatal(err)
	}
	if s.Column(0) != "A" || s.Column(1) != "B" || s.Index("member_id") != 1 || s.Index("other") != -1 {
		t.Errorf("got columns %q and %q", s.Column(0), s.Column(1))
	}
}

// TestDatesAsWritten: a date that says its zone in a form that passes have is
// not rewritten, unless the field declares a zone of its own.
func TestDatesAsWritten(t *testing.T) {
	for _, test := range []struct {
		field      jobs.Field
		text, want string
	}{
		{jobs.Field{Type: jobs.TypeDateTime}, "2026-12-31T18:00+01:00", "2026-12-31T18:00+01:00"},
		{jobs.Field{Type: jobs.TypeDateTime}, "2026-12-31T18:00:00+00:00", "2026-12-31T18:00:00+00:00"},
		{jobs.Field{Type: jobs.TypeDateTime}, " 2026-12-31T18:00Z ", "2026-12-31T18:00Z"},
		{jobs.Field{Type: jobs.TypeDateTime}, "2026-12-31 18:00:00Z", "2026-12-31T18:00:00Z"},
		{jobs.Field{Type: jobs.TypeDateTime}, "2026-12-31T18:00:00.5Z", "2026-12-31T18:00:00Z"},
		{jobs.Field{Type: jobs.TypeDateTime, TimeZone: "Europe/Berlin"}, "2026-12-31T18:00Z", "2026-12-31T19:00:00+01:00"},
		{jobs.Field{Type: jobs.TypeDate}, "2026-12-31T18:00+01:00", "2026-12-31T00:00:00+01:00"},
	} {
		got, err := test.field.Read(test.text)
		if err != nil || got.JSON != `"`+test.want+`"` {
			t.Errorf("%q: got %s, %v; want %s", test.text, got.JSON, err, test.want)
		}
	}
}
