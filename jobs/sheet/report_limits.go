package sheet

import "cmp"

// ReportLimits bound what a report holds and what its making takes. What a
// bound leaves out, the report says.
type ReportLimits struct {
	Listed int // lines of the summary: a sheet has no more rows
	Linked int // of these lines, how many lead to their cell by a click
	Noted  int // cells with a note: spreadsheet programs grow slow with them
	Whole  int // rows up to which a source that is no workbook is shown whole

	// Excelize holds a sheet in memory as a whole. A workbook beyond these
	// bounds is not copied.
	Cells    int   // of the sheet, up to the last one of each row
	Rows     int   // of the sheet, up to its last one
	Merges   int   // merged ranges of the sheet: excelize compares each with each
	Unpacked int64 // bytes of all parts of the workbook
}

// DefaultReportLimits returns the bounds that keep the making of a report below
// 512 MiB.
func DefaultReportLimits() ReportLimits {
	return ReportLimits{Listed: 1_000_000, Linked: 10_000, Noted: 2_000, Whole: 10_000, Cells: 400_000, Rows: 200_000, Merges: 10_000, Unpacked: 40 << 20}
}

func (l ReportLimits) filled() ReportLimits {
	d := DefaultReportLimits()
	return ReportLimits{
		Listed: cmp.Or(l.Listed, d.Listed), Linked: cmp.Or(l.Linked, d.Linked), Noted: cmp.Or(l.Noted, d.Noted), Whole: cmp.Or(l.Whole, d.Whole),
		Cells: cmp.Or(l.Cells, d.Cells), Rows: cmp.Or(l.Rows, d.Rows), Merges: cmp.Or(l.Merges, d.Merges), Unpacked: cmp.Or(l.Unpacked, d.Unpacked),
	}
}
