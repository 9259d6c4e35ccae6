package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/xuri/excelize/v2"
)

// demoRows is how many members the demo's workbook has.
const demoRows = 1000

// people are given and family names by script, so that the demo shows whether
// each of them survives the way into a pass.
var people = []struct{ given, family []string }{
	{ // Latin, with and without accents
		[]string{"Anna", "José", "Zoë", "Björn", "Chloé", "Łukasz", "Nguyễn", "Siobhán", "Mateo", "Ingrid", "Oluwaseun", "Emma 🌿"},
		[]string{"Müller", "García", "O’Brien", "Sørensen", "Dvořák", "Şahin", "Smith-Jones", "d’Ávila", "Weiß", "Þórsdóttir"},
	},
	{ // Greek
		[]string{"Ελένη", "Γιώργος", "Δήμητρα", "Νίκος", "Σοφία"},
		[]string{"Παπαδοπούλου", "Νικολάου", "Οικονόμου", "Αθανασίου"},
	},
	{ // Arabic
		[]string{"ليلى", "محمد", "فاطمة", "يوسف", "نور"},
		[]string{"الحسن", "بن سعيد", "عبد الله", "حداد"},
	},
	{ // Hebrew
		[]string{"נועה", "דוד", "תמר", "יונתן"},
		[]string{"כהן", "לוי", "בן־דוד", "אברהמי"},
	},
	{ // Chinese
		[]string{"伟", "秀英", "小明", "丽", "子涵"},
		[]string{"王", "李", "张", "欧阳", "陳"},
	},
	{ // Thai
		[]string{"สมชาย", "กนกวรรณ", "ณัฐพล", "พิมพ์ชนก"},
		[]string{"ศรีสุข", "วงศ์สวัสดิ์", "จันทร์เพ็ญ"},
	},
	{ // emoji
		[]string{"Mia 🎉", "Sam ☕️", "Robin 👩🏽‍🚀", "Kim 🐝"},
		[]string{"Baker", "Sunshine ☀️", "Fox"},
	},
}

var (
	demoHeader = []any{"Member no.", "First name", "Last name", "E-mail", "Tier", "Points", "Balance", "Joined on", "Valid until", "Home store", "Family ID"}
	demoTiers  = []string{"Basic", "Basic", "Basic", "Silver", "Silver", "Gold", "Platinum", ""}
	demoStores = []string{"Kreuzberg", "Mitte", "Αθήνα", "القاهرة", "תל אביב", "上海", "กรุงเทพ", "São Paulo", ""}
)

// A spoiled row is one of the demo's mistakes.
type spoiled struct {
	row    int // in the sheet
	column int // from 0
	value  any
}

// demoMistakes are the bad rows; each is one of a kind that real sheets have.
var demoMistakes = []spoiled{
	{17, 2, ""},                        // a required name is missing
	{101, 4, "Platin"},                 // not one of the tiers
	{230, 5, "plenty"},                 // not a number
	{231, 5, "1,250"},                  // one thousand or one and a quarter?
	{404, 7, "31.02.2025"},             // no such day
	{512, 7, "03/04/2025"},             // March or April?
	{640, 3, "no-address.example.com"}, // not an e-mail address
	{777, 1, "Ada\u202eLovelace"},      // an invisible character that turns text around
	{888, 0, "000042"},                 // the number of row 43
}

// demoRefused is how many rows the mistakes refuse: each its own, and the
// duplicate serial number two.
var demoRefused = len(demoMistakes) + 1

// writeMembers writes the demo's workbook. It is the same each time.
func writeMembers(w io.Writer) (err error) {
	book := excelize.NewFile()
	defer book.Close()
	const sheet = "Members"
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	styles, err := demoStyles(book)
	if err != nil {
		return err
	}
	out, err := book.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	if err := out.SetColWidth(1, len(demoHeader), 16); err != nil {
		return err
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	header := make([]any, len(demoHeader))
	for i, name := range demoHeader {
		header[i] = excelize.Cell{StyleID: styles.header, Value: name}
	}
	if err := out.SetRow("A1", header); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(2012, 7)) //nolint:gosec // the same members each time
	for row := 2; row <= demoRows+1; row++ {
		if err := out.SetRow(fmt.Sprintf("A%d", row), demoMember(random, styles, row)); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return book.Write(w)
}

type demoStyle struct{ header, number, money, date int }

func demoStyles(book *excelize.File) (s demoStyle, err error) {
	digits, euros, day := "000000", "#,##0.00\\ €", "dd.mm.yyyy"
	for _, style := range []struct {
		id    *int
		style *excelize.Style
	}{
		{&s.header, &excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F6E7D2"}}}},
		{&s.number, &excelize.Style{CustomNumFmt: &digits}},
		{&s.money, &excelize.Style{CustomNumFmt: &euros}},
		{&s.date, &excelize.Style{CustomNumFmt: &day}},
	} {
		if *style.id, err = book.NewStyle(style.style); err != nil {
			return s, err
		}
	}
	return s, nil
}

// demoMember makes one row. Member numbers begin with zeros: every third is a
// number that a format fills up, the others are text.
func demoMember(random *rand.Rand, s demoStyle, row int) []any {
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	names := people[random.IntN(len(people))]
	number := any(fmt.Sprintf("%06d", row-1))
	if row%3 == 0 {
		number = excelize.Cell{StyleID: s.number, Value: row - 1}
	}
	joined := time.Date(2015+random.IntN(11), time.Month(1+random.IntN(12)), 1+random.IntN(28), 0, 0, 0, 0, time.UTC)
	cells := []any{
		number, pick(names.given), pick(names.family), fmt.Sprintf("member%d@example.com", row-1), pick(demoTiers),
		random.IntN(20_000), nil, excelize.Cell{StyleID: s.date, Value: joined}, nil, pick(demoStores),
		fmt.Sprintf("F%03d", (row-2)/3),
	}
	if random.IntN(3) > 0 {
		cells[6] = excelize.Cell{StyleID: s.money, Value: float64(random.IntN(20_000)) / 100}
	}
	if random.IntN(4) == 0 {
		cells[8] = excelize.Cell{StyleID: s.date, Value: joined.AddDate(15, 0, 0)}
	}
	for _, m := range demoMistakes {
		if m.row == row {
			cells[m.column] = m.value
		}
	}
	return cells
}
