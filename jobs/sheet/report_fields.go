package sheet

import (
	"hash/maphash"
	"slices"

	"passmill/jobs"
)

// ofFields reports whether an origin lies on the sheet with fields of passes, and
// not on the one with the rows.
func (r *Report) ofFields(o jobs.Origin) bool {
	return r.fields != nil && o.Sheet == r.fields.at.Sheet && o.Sheet != r.fields.origin.Sheet
}

// markFields takes in where a problem of a pass field lies: in a copy of the
// workbook its own cell, among rows the row of its pass.
func (r *Report) markFields(p jobs.Problem, at int64) {
	if p.Origin.Row == 0 {
		return // of the sheet as a whole
	}
	place := uint64(headerPlace)
	if p.Serial != "" {
		place = placeOfPass(p.Serial)
	}
	r.marks = append(r.marks, mark{place, at, int32(p.Origin.Row), int16(r.fieldColumn(p.Origin)), uint8(rank(p.Severity)), true})
}

// marksFields reports whether any mark is on the sheet with fields.
func (r *Report) marksFields() bool {
	return slices.ContainsFunc(r.marks, func(m mark) bool { return m.fields })
}

// fieldColumn returns the number of the column of a problem on the sheet with
// fields. What is wrong with a field as a whole is shown at its serial number.
func (r *Report) fieldColumn(o jobs.Origin) int {
	if o.Column == "" {
		o.Column = r.fields.reader.schema.Column(serialColumn)
	}
	column, _, err := parseRef(o.Column + "1")
	if err != nil {
		return 1
	}
	return column
}

// placeOfPass is what [placeOf] is for rows whose serial number is all that is
// known of them.
func placeOfPass(serial string) uint64 {
	return max(maphash.String(placeSeed, serial), headerPlace+1)
}

// toPasses moves the marks of pass fields to the rows of their passes, where the
// sheet with fields is not shown: to the column with the serial number. Those that
// belong to no pass are in the summary only.
func (r *Report) toPasses() {
	kept := r.marks[:0]
	for _, m := range r.marks {
		if m.fields && m.place == headerPlace {
			continue
		}
		if m.fields {
			m.column = int16(r.serialIndex())
		}
		kept = append(kept, m)
	}
	r.marks = kept
}

// find returns the marks of a row: its own, and those of the fields of its pass,
// which have a place of their own; 0 if there are no such fields.
func (e *excerpt) find(row jobs.Row) (place uint64, spots []spot, pass uint64) {
	place, _ = placeOf(row.Origin)
	spots = e.of(place)
	if e.report.fields == nil {
		return place, spots, 0
	}
	pass = placeOfPass(e.report.fields.options.SerialOf(row))
	spots = slices.Clone(spots)
	for _, s := range e.of(pass) { // one at most: all are at the serial number
		i := slices.IndexFunc(spots, func(own spot) bool { return own[0].column == s[0].column })
		if i < 0 {
			spots = append(spots, s)
			continue
		}
		spots[i] = slices.Concat(spots[i], s)
		slices.SortStableFunc(spots[i], func(a, b mark) int { return int(a.rank) - int(b.rank) })
	}
	return place, spots, pass
}

// serialIndex returns the index of the column where a problem of a whole row is
// shown.
func (r *Report) serialIndex() int { return min(max(r.options.Serial, 0), len(r.columns)-1) }

// letters returns those of a column of the sheet with the rows. A list of pass
// fields is a column of the source without being one of the sheet.
func (r *Report) letters(column int) string {
	if ref := r.columns[column].Ref; ref != "" {
		return ref
	}
	return r.columns[r.serialIndex()].Ref
}

// strayFields returns how many refused fields belong to no pass.
func (r *Report) strayFields() (n int) {
	if r.fields == nil {
		return 0
	}
	for _, p := range r.fields.notes {
		if p.Severity == jobs.Refused {
			n++
		}
	}
	return n
}
