package sheet

import (
	"fmt"
	"strconv"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
)

// A copying is a copy of a workbook in the making.
type copying struct {
	report *Report
	file   *excelize.File
	sheets []*markedSheet
	styles map[style]int
	noted  int // cells with a note
	unsaid int // cells that got a colour but no note
}

// A markedSheet is a sheet of the copy that has marks: the first one is that with the
// rows, and the other one that with fields of passes.
type markedSheet struct {
	sheet string
	own   map[string]string // the user's notes, by cell
	noted []string          // addresses of the cells with a note of ours
}

// A style is one of the user's in the colour of a severity.
type style struct {
	own  int
	rank uint8
}

// mark colours the cells with problems and writes the notes.
func (c *copying) mark() error {
	if err := c.roomForNotes(); err != nil {
		return err
	}
	for _, p := range c.sheets {
		if err := c.ownNotes(p); err != nil {
			return err
		}
	}
	for s := range spots(c.report.marks, bySheet) {
		if s[0].row == 0 {
			continue
		}
		p, at := c.place(s[0])
		if err := c.colour(p.sheet, at, s[0].rank); err != nil {
			return err
		}
		if c.noted == c.report.options.Limits.Noted {
			c.unsaid++
			continue
		}
		c.noted++
		if err := c.write(p, at, s); err != nil {
			return err
		}
	}
	return nil
}

// place returns the sheet of a mark and the address of its cell.
func (c *copying) place(m mark) (p *markedSheet, at string) {
	if m.fields {
		return c.sheets[1], address(int(m.column), int(m.row))
	}
	return c.sheets[0], c.report.letters(int(m.column)) + strconv.Itoa(int(m.row))
}

func (c *copying) write(p *markedSheet, at string, s spot) error {
	comment, err := c.report.note(p.sheet, at, s, p.own[at])
	if err != nil {
		return err
	}
	if _, ok := p.own[at]; ok { // a cell has room for one
		if err := c.file.DeleteComment(p.sheet, at); err != nil {
			return err
		}
	}
	p.noted = append(p.noted, at)
	return c.file.AddComment(p.sheet, comment)
}

func (c *copying) ownNotes(p *markedSheet) error {
	list, err := c.file.GetComments(p.sheet)
	if err != nil {
		return err
	}
	p.own = make(map[string]string, len(list))
	for _, n := range list {
		p.own[n.Cell] = noteText(n)
	}
	return nil
}

func (c *copying) remarks() []string {
	if c.unsaid == 0 {
		return c.report.unlisted()
	}
	said := fmt.Sprintf("The first %s with a problem have notes; %s more are coloured only, and listed below with what is wrong.", plural(c.noted, "cell"), number(c.unsaid))
	return append([]string{said}, c.report.unlisted()...)
}

// colour gives a cell the ground and the letters of a severity, and leaves
// everything else of its style as the user has it.
func (c *copying) colour(sheet, at string, rank uint8) error {
	own, err := c.file.GetCellStyle(sheet, at)
	if err != nil {
		return err
	}
	key := style{own, rank}
	id, ok := c.styles[key]
	if !ok {
		if id, err = c.derive(key); err != nil {
			return err
		}
		c.styles[key] = id
	}
	return c.file.SetCellStyle(sheet, at, at, id)
}

// derive makes the style of a coloured cell from the user's own. It works on
// the tables of the file, since excelize's description of a style does not hold
// all that a style has.
func (c *copying) derive(key style) (int, error) {
	t := tints[severities[key.rank]]
	tint, err := c.file.NewStyle(&excelize.Style{Font: &excelize.Font{Color: t.letter}, Fill: solid(t.ground)})
	if err != nil {
		return 0, err
	}
	formats, fonts := c.file.Styles.CellXfs, c.file.Styles.Fonts
	if key.own >= len(formats.Xf) {
		return tint, nil
	}
	made, colour := formats.Xf[key.own], formats.Xf[tint]
	made.FillID, made.ApplyFill = colour.FillID, colour.ApplyFill
	if made.FontID != nil && colour.FontID != nil && *made.FontID < len(fonts.Font) {
		font := *fonts.Font[*made.FontID]
		font.Color = fonts.Font[*colour.FontID].Color
		fonts.Font = append(fonts.Font, &font)
		fonts.Count = len(fonts.Font)
		made.FontID, made.ApplyFont = new(len(fonts.Font)-1), new(true)
	}
	formats.Xf = append(formats.Xf, made)
	formats.Count = len(formats.Xf)
	return len(formats.Xf) - 1, nil
}

// target implements the links of the summary.
func (c *copying) target(p jobs.Problem) string {
	row := p.Origin.Row
	if c.report.ofFields(p.Origin) {
		if row == 0 {
			return ""
		}
		return locate(p.Origin.Sheet, c.report.fieldColumn(p.Origin), row)
	}
	if row == 0 {
		if p.Origin.Column == "" {
			return ""
		}
		row = c.report.headerRow()
	}
	column, _, err := parseRef(c.report.letters(c.report.column(p)) + "1")
	if err != nil {
		return ""
	}
	return locate(c.sheets[0].sheet, column, row)
}
