package sheet

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"slices"

	"passmill/jobs"
)

var placeSeed = maphash.MakeSeed()

// headerPlace stands for the row with the names of the columns.
const headerPlace = 0

// placeOf returns what tells the row of an origin from all others, or false if
// it is about no row. Sources may name rows by more than a number, so all that
// an origin says counts, except the column.
func placeOf(o jobs.Origin) (uint64, bool) {
	o.Column = ""
	if o == (jobs.Origin{File: o.File, Sheet: o.Sheet}) {
		return 0, false
	}
	return max(maphash.Comparable(placeSeed, o), headerPlace+1), true
}

// A spot is a cell of the report with the marks on it, the worst first.
type spot []mark

// spots yields the cells that have marks, in the order of rows that less gives
// and of their columns.
func spots(marks []mark, less func(a, b mark) int) iter.Seq[spot] {
	slices.SortFunc(marks, func(a, b mark) int {
		return cmp.Or(less(a, b), cmp.Compare(a.column, b.column), cmp.Compare(a.rank, b.rank), cmp.Compare(a.at, b.at))
	})
	return func(yield func(spot) bool) {
		for len(marks) > 0 {
			n := 1
			for n < len(marks) && less(marks[0], marks[n]) == 0 && marks[n].column == marks[0].column {
				n++
			}
			if !yield(spot(marks[:n])) {
				return
			}
			marks = marks[n:]
		}
	}
}

// bySheet orders marks by the sheet that they are on, and by rows.
func bySheet(a, b mark) int {
	if a.fields != b.fields {
		if b.fields {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.row, b.row)
}

func byPlace(a, b mark) int { return cmp.Compare(a.place, b.place) }

// problem reads back the problem that lies at an offset of the spool.
func (r *Report) problem(at int64) (jobs.Problem, error) {
	return readProblem(bufio.NewReader(io.NewSectionReader(r.spool, at, r.spool.size-at)))
}

// problems yields all listed problems in the order of their adding.
func (r *Report) problems() iter.Seq2[jobs.Problem, error] {
	return func(yield func(jobs.Problem, error) bool) {
		in := r.spool.reader()
		for range r.listed {
			p, err := readProblem(in)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

func readProblem(in *bufio.Reader) (p jobs.Problem, err error) {
	size, err := binary.ReadUvarint(in)
	if err == nil {
		data := make([]byte, size)
		if _, err = io.ReadFull(in, data); err == nil {
			err = json.Unmarshal(data, &p)
		}
	}
	if err != nil {
		return jobs.Problem{}, fmt.Errorf("read back a problem: %w", early(err))
	}
	return p, nil
}

// severities lists all, the worst first.
var severities = []jobs.Severity{jobs.Refused, jobs.FallsBack, jobs.LooksWrong, jobs.Advice}

func rank(s jobs.Severity) int { return max(slices.Index(severities, s), 0) }
