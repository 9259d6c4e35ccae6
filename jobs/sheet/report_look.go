package sheet

import (
	"github.com/xuri/excelize/v2"

	"passmill/jobs"
)

// tints are the colours of the severities: a light ground and a dark letter,
// far enough apart to be read by everybody. Severities also stand in words.
var tints = map[jobs.Severity]struct{ ground, letter, meaning string }{
	jobs.Refused:    {"F9CFCF", "7A0A0A", "no pass is made of the row until it is mended"},
	jobs.FallsBack:  {"FFDDB0", "6A3300", "the phone shows less than was meant"},
	jobs.LooksWrong: {"FFF2B3", "574500", "the phone shows it, but not as people expect"},
	jobs.Advice:     {"D5E7FA", "0F3A66", "worth a look; passes are made all the same"},
}

const (
	ink     = "1D1D1F"
	quiet   = "5F6368"
	ruling  = "D2D2D7"
	heading = "2B3A55"
)

// looks holds the styles of a report's own sheets.
type looks struct {
	title, lead, remark, section, head, label, figure, text, row, link int
	severity                                                           []int // by rank: words in the severity's colour
	marked                                                             []int // by rank: values
}

func newLooks(f *excelize.File) (*looks, error) {
	l := &looks{}
	var err error
	add := func(s excelize.Style) int {
		if err != nil {
			return 0
		}
		var id int
		id, err = f.NewStyle(&s)
		return id
	}
	top := &excelize.Alignment{Vertical: "top", WrapText: true}
	figure := &excelize.Alignment{Horizontal: "right", Vertical: "top", Indent: 1}
	line := []excelize.Border{{Type: "bottom", Color: ruling, Style: 1}}
	font := func(size float64, color string, bold bool) *excelize.Font {
		return &excelize.Font{Family: "Calibri", Size: size, Color: color, Bold: bold}
	}
	l.title = add(excelize.Style{Font: font(18, heading, true), NumFmt: textFormat})
	l.lead = add(excelize.Style{Font: font(11, ink, false), NumFmt: textFormat})
	l.remark = add(excelize.Style{Font: font(11, quiet, false), NumFmt: textFormat})
	l.section = add(excelize.Style{Font: font(13, heading, true), NumFmt: textFormat})
	l.head = add(excelize.Style{Font: font(11, "FFFFFF", true), Fill: solid(heading), NumFmt: textFormat, Alignment: &excelize.Alignment{Vertical: "center"}})
	l.label = add(excelize.Style{Font: font(11, quiet, false), Border: line})
	l.figure = add(excelize.Style{Font: font(11, ink, true), Border: line, NumFmt: 3, Alignment: figure})
	l.text = add(excelize.Style{Font: font(11, ink, false), Border: line, NumFmt: textFormat, Alignment: top})
	l.row = add(excelize.Style{Font: font(11, quiet, false), Border: line, Alignment: figure})
	l.link = add(excelize.Style{Font: &excelize.Font{Family: "Calibri", Size: 11, Color: "0B57A4", Underline: "single"}, Border: line, NumFmt: textFormat, Alignment: top})
	for _, s := range severities {
		t := tints[s]
		l.severity = append(l.severity, add(excelize.Style{Font: font(11, t.letter, true), Fill: solid(t.ground), Border: line, NumFmt: textFormat, Alignment: &excelize.Alignment{Vertical: "top"}}))
		l.marked = append(l.marked, add(excelize.Style{Font: font(11, t.letter, false), Fill: solid(t.ground), Border: line, NumFmt: textFormat, Alignment: top}))
	}
	return l, err
}

// textFormat is the number of the format "@": what is typed over such a cell
// stays text, too.
const textFormat = 49

func solid(color string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
}
