package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"passmill/jobs/sheet/sheettest"
)

// TestForty: a workbook with forty mistakes of different kinds gives exactly
// these forty, each with its cell and what to do. Somebody who reads only that
// mends it, and then nothing is left to mend.
func TestForty(t *testing.T) {
	if len(mistakes) != 40 {
		t.Fatalf("%d mistakes", len(mistakes))
	}
	s := fortySandbox(t)
	s.forty(func(m seeded) sheettest.Cell { return m.wrong })
	code, stdout, stderr := s.run("check", "--json", "--report", s.path("problems.xlsx"), s.path("job.yaml"))
	if code != exitPartly {
		t.Fatalf("exit status %d\n%s", code, stderr)
	}
	found := problemLines(t, stdout)
	if len(found) != len(mistakes) {
		t.Errorf("%d problems, want %d\n%s", len(found), len(mistakes), stdout)
	}
	for i, m := range mistakes {
		j := slices.IndexFunc(found, func(p problemLine) bool { return p.Cell == fortyCell(i) })
		if j < 0 {
			t.Errorf("nothing is said of %s (%s)", fortyCell(i), m.code)
			continue
		}
		told(t, m, found[j])
	}
	coloured(t, s.path("problems.xlsx"))

	s.forty(func(m seeded) sheettest.Cell { return m.mended })
	code, stdout, stderr = s.run("check", s.path("job.yaml"))
	if code != exitDone || !strings.HasSuffix(stdout, "40 rows: 40 good, 0 to mend\n") || strings.Count(stdout, "\n") != 1 {
		t.Errorf("after mending: exit status %d\n%s%s", code, stdout, stderr)
	}
}

// told checks one problem: the right kind, words that are enough to mend it by,
// and no word of what stands in the cell.
func told(t *testing.T, m seeded, p problemLine) {
	t.Helper()
	if p.Code != m.code || !strings.Contains(p.Message, m.says) || p.Fix == "" || p.Sheet != "Members" {
		t.Errorf("%s: got %+v, want %s: … %s …", p.Cell, p, m.code, m.says)
	}
	if field := strings.TrimSpace(p.Field); field != m.column {
		t.Errorf("%s: the field is %q, want %q", p.Cell, field, m.column)
	}
	// What the cell of a mistake says is nowhere in a good message, unless it
	// is so short that any text might hold it.
	if v := m.wrong.Value; len(v) > 3 && (strings.Contains(p.Message, v) || strings.Contains(p.Fix, v)) {
		t.Errorf("%s: the message quotes the value: %s; %s", p.Cell, p.Message, p.Fix)
	}
}

// coloured checks that the report gives a colour and a note to exactly the cells
// with mistakes, and lists each in its first sheet.
func coloured(t *testing.T, file string) {
	t.Helper()
	f, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if sheets := f.GetSheetList(); !slices.Equal(sheets, []string{"passmill report", "Members"}) {
		t.Fatalf("sheets %q", sheets)
	}
	want := map[string]bool{}
	for i := range mistakes {
		want[strings.TrimPrefix(fortyCell(i), "Members!")] = true
	}
	notes, err := f.GetComments("Members")
	if err != nil || len(notes) != len(want) {
		t.Errorf("%d notes, %v", len(notes), err)
	}
	for _, note := range notes {
		if !want[note.Cell] || !strings.Contains(note.Paragraph[1].Text, "\nTo mend it: ") {
			t.Errorf("note on %s: %+v", note.Cell, note.Paragraph)
		}
	}
	for row := 1; row <= len(mistakes)+1; row++ {
		for column := range len(goodRow) + 1 {
			at := fmt.Sprintf("%s%d", sheettest.Letters(column), row)
			id, err := f.GetCellStyle("Members", at)
			if err != nil {
				t.Fatal(err)
			}
			style, err := f.GetStyle(id)
			if err != nil {
				t.Fatal(err)
			}
			if filled := len(style.Fill.Color) > 0; filled != want[at] {
				t.Errorf("%s: coloured is %v, want %v", at, filled, want[at])
			}
		}
	}
	rows, err := f.GetRows("passmill report")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, row := range rows {
		if len(row) > 7 && row[1] == "Members" {
			listed[row[2]] = row[6] != "" && row[7] != ""
		}
	}
	if len(listed) != len(want) {
		t.Errorf("the summary lists %d cells", len(listed))
	}
	for at := range want {
		if !listed[at] {
			t.Errorf("the summary does not list %s with what is wrong and how to mend it", at)
		}
	}
}

// fortySandbox makes a workspace with the job and the template of
// testdata/forty, and images of a starter.
func fortySandbox(t *testing.T) *sandbox {
	t.Helper()
	s := newSandbox(t, 0, "")
	if code, _, stderr := s.run("template", "new", "boardingpass", s.path("template")); code != exitDone {
		t.Fatal(stderr)
	}
	for _, name := range []string{"template.json", "template.yaml", "de.lproj/pass.strings", "en.lproj/pass.strings", "job.yaml"} {
		data, err := os.ReadFile("testdata/forty/" + name)
		if err != nil {
			t.Fatal(err)
		}
		to := "template/" + name
		if name == "job.yaml" {
			to = name
		}
		s.write(to, string(data))
	}
	return s
}

// forty writes the workbook; of says what stands where a mistake is seeded.
func (s *sandbox) forty(of func(seeded) sheettest.Cell) {
	s.t.Helper()
	header := []sheettest.Cell{text("Serial")}
	for _, g := range goodRow {
		header = append(header, text(g.column))
	}
	rows := [][]sheettest.Cell{header}
	for i, m := range mistakes {
		row := []sheettest.Cell{text(fmt.Sprintf("S%03d", i+1))}
		for _, g := range goodRow {
			row = append(row, g.cell)
		}
		row[fortyColumn(m.column)] = of(m)
		rows = append(rows, row)
	}
	var b bytes.Buffer
	if err := sheettest.WriteCells(&b, rows); err != nil {
		s.t.Fatal(err)
	}
	s.write("forty.xlsx", b.String())
}

func fortyColumn(name string) int {
	for i, g := range goodRow {
		if g.column == name {
			return i + 1
		}
	}
	return 0 // Serial
}

// fortyCell returns the address of a mistake.
func fortyCell(i int) string {
	return fmt.Sprintf("Members!%s%d", sheettest.Letters(fortyColumn(mistakes[i].column)), i+2)
}

// problemLines reads the output of check --json.
func problemLines(t *testing.T, stdout string) (lines []problemLine) {
	t.Helper()
	for line := range strings.Lines(stdout) {
		var p problemLine
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, p)
	}
	return lines
}
