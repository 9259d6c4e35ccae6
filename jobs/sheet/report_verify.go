package sheet

import (
	"context"
	"encoding/xml"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// roomForNotes reports whether the notes can be added without harm. Excelize
// numbers new parts by counting those that are there, and would write over one
// where the numbers have gaps.
func (c *copying) roomForNotes() error {
	notes := 0
	c.file.Pkg.Range(func(key, _ any) bool {
		if strings.Contains(key.(string), "xl/comments") {
			notes++
		}
		return true
	})
	for i := range c.sheets {
		n := notes + 1 + i
		for _, name := range []string{fmt.Sprintf("xl/comments%d.xml", n), fmt.Sprintf("xl/drawings/vmlDrawing%d.vml", n)} {
			if _, taken := c.file.Pkg.Load(name); taken {
				return fmt.Errorf("%w: the name of the part %s is taken", errUnlike, name)
			}
		}
	}
	return nil
}

// prepend adds the sheet of the summary, as the first one, and shows it.
func (c *copying) prepend() error {
	if _, err := c.file.GetSheetIndex(reportSheet); err != nil {
		return err
	}
	most := 0
	for _, s := range c.file.WorkBook.Sheets.Sheet {
		most = max(most, s.SheetID)
		if strings.EqualFold(s.Name, reportSheet) {
			return fmt.Errorf("%w: it has a sheet %q", errUnlike, reportSheet)
		}
	}
	if _, taken := c.file.Pkg.Load(fmt.Sprintf("xl/worksheets/sheet%d.xml", most+1)); taken {
		return fmt.Errorf("%w: the name of the new sheet's part is taken", errUnlike)
	}
	if _, err := c.file.NewSheet(reportSheet); err != nil {
		return err
	}
	if err := dress(c.file); err != nil {
		return err
	}
	toFront(c.file)
	return nil
}

// dress gives the summary's sheet its tab's colour, takes away the lines between
// cells, and lets all columns fit on paper.
func dress(f *excelize.File) error {
	if err := f.SetSheetProps(reportSheet, &excelize.SheetPropsOptions{TabColorRGB: new(heading), FitToPage: new(true)}); err != nil {
		return err
	}
	if err := f.SetPageLayout(reportSheet, &excelize.PageLayoutOptions{Orientation: new("landscape"), FitToWidth: new(1), FitToHeight: new(0)}); err != nil {
		return err
	}
	return f.SetSheetView(reportSheet, 0, &excelize.ViewOptions{ShowGridLines: new(false)})
}

// toFront makes the last sheet the first one. Excelize's own way would load
// every sheet, and would leave names that count sheets, such as areas to print,
// with the wrong ones.
func toFront(f *excelize.File) {
	list := f.WorkBook.Sheets.Sheet
	last := list[len(list)-1]
	copy(list[1:], list[:len(list)-1])
	list[0] = last
	if names := f.WorkBook.DefinedNames; names != nil {
		for i := range names.DefinedName {
			if id := names.DefinedName[i].LocalSheetID; id != nil {
				names.DefinedName[i].LocalSheetID = new(*id + 1)
			}
		}
	}
	if views := f.WorkBook.BookViews; views != nil {
		for i := range views.WorkBookView {
			views.WorkBookView[i].ActiveTab, views.WorkBookView[i].FirstSheet = 0, 0
		}
	}
}

// verify reads the finished copy as strictly as any workbook, and compares its
// marked sheets with those of the source: all rows with all their values, and a
// note on each cell that was to have one.
func (c *copying) verify(ctx context.Context, s *Source, file string) error {
	if err := c.verifySheet(ctx, s, c.sheets[0], file); err != nil || len(c.sheets) == 1 {
		return err
	}
	o := s.options
	o.Sheet, o.Header, o.Hidden = c.sheets[1].sheet, 0, c.report.fields.hidden
	fields, err := Open(ctx, o)
	if err != nil {
		return err
	}
	defer fields.Close()
	if fields.hash != s.hash {
		return ErrChanged
	}
	return c.verifySheet(ctx, fields, c.sheets[1], file)
}

func (c *copying) verifySheet(ctx context.Context, s *Source, p *markedSheet, file string) error {
	o := s.options
	o.File, o.Sheet, o.Limits = file, p.sheet, reportFileLimits()
	made, err := Open(ctx, o)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnlike, err)
	}
	defer made.Close()
	next, stop := iter.Pull2(made.Rows(ctx))
	defer stop()
	for want, err := range s.Rows(ctx) {
		if err != nil {
			return err
		}
		got, err, ok := next()
		if err != nil || !ok || got.Origin.Row != want.Origin.Row || !slices.Equal(got.Cells, want.Cells) {
			return fmt.Errorf("%w in row %d of the sheet %s", errUnlike, want.Origin.Row, p.sheet)
		}
	}
	if _, _, more := next(); more {
		return fmt.Errorf("%w: it has more rows", errUnlike)
	}
	return verifyNotes(made, p)
}

// reportFileLimits are those of a report that is read again: its summary may
// repeat itself a lot, and pack well.
func reportFileLimits() Limits {
	l := Wide()
	l.Ratio = 1 << 20
	return l
}

func verifyNotes(made *Source, p *markedSheet) error {
	count, err := countNotes(made.options.File, p.sheet)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnlike, err)
	}
	for _, at := range p.noted {
		if count[at] != 1 {
			return fmt.Errorf("%w: its note on %s is missing", errUnlike, at)
		}
	}
	return nil
}

// countNotes returns how many notes each cell of a sheet has.
func countNotes(name, sheet string) (map[string]int, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return nil, err
	}
	a, err := openArchive(file, stat.Size(), reportFileLimits())
	if err != nil {
		return nil, err
	}
	b, err := readBook(a)
	if err != nil {
		return nil, err
	}
	picked, err := b.pick(sheet)
	if err != nil {
		return nil, err
	}
	links, err := relations(a, picked.part)
	if err != nil {
		return nil, err
	}
	count := make(map[string]int)
	for _, link := range links {
		if link.kind == "comments" {
			err = a.small(link.target, func(start xml.StartElement) error {
				if start.Name.Local == "comment" {
					count[attr(start, "ref")]++
				}
				return nil
			})
		}
	}
	return count, err
}
