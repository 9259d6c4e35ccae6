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
	sheet  string
	styles map[style]int
	noted  []string // addresses of the cells with a note
	unsaid int      // cells that got a colour but no note
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
	own, err := c.ownNotes()
	if err != nil {
		return err
	}
	for s := range spots(c.report.marks, byRow) {
		if s[0].row == 0 {
			continue
		}
		at := c.report.columns[s[0].column].Ref + strconv.Itoa(int(s[0].row))
		if err := c.colour(at, s[0].rank); err != nil {
			return err
		}
		if len(c.noted) == c.report.options.Limits.Noted {
			c.unsaid++
			continue
		}
		if err := c.write(at, s, own); err != nil {
			return err
		}
	}
	return nil
}

func (c *copying) write(at string, s spot, own map[string]string) error {
	comment, err := c.report.note(at, s, own[at])
	if err != nil {
		return err
	}
	if _, ok := own[at]; ok { // a cell has room for one
		if err := c.file.DeleteComment(c.sheet, at); err != nil {
			return err
		}
	}
	c.noted = append(c.noted, at)
	return c.file.AddComment(c.sheet, comment)
}

func (c *copying) ownNotes() (map[string]string, error) {
	list, err := c.file.GetComments(c.sheet)
	if err != nil {
		return nil, err
	}
	own := make(map[string]string, len(list))
	for _, n := range list {
		own[n.Cell] = noteText(n)
	}
	return own, nil
}

func (c *copying) remarks() []string {
	if c.unsaid == 0 {
		return c.report.unlisted()
	}
	said := fmt.Sprintf("The first %s with a problem have notes; %s more are coloured only, and listed below with what is wrong.", plural(len(c.noted), "cell"), number(c.unsaid))
	return append([]string{said}, c.report.unlisted()...)
}

// colour gives a cell the ground and the letters of a severity, and leaves
// everything else of its style as the user has it.
func (c *copying) colour(at string, rank uint8) error {
	own, err := c.file.GetCellStyle(c.sheet, at)
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
	return c.file.SetCellStyle(c.sheet, at, at, id)
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
	if row == 0 {
		if p.Origin.Column == "" {
			return ""
		}
		row = c.report.headerRow()
	}
	column, _, err := parseRef(c.report.columns[c.report.column(p)].Ref + "1")
	if err != nil {
		return ""
	}
	return locate(c.sheet, column, row)
}
