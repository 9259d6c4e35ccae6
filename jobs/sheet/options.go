package sheet

// Options say what to read.
type Options struct {
	// File is the path of a workbook or of a CSV file. What it is, its
	// content says, not its name.
	File string
	// Sheet is the name of the sheet, without regard to case. Empty means the
	// first one that is visible. CSV files have no sheets.
	Sheet string
	// Header is the number of the row that holds the column names; 0 means 1.
	Header int
	// Hidden says what becomes of hidden rows; the default leaves them out.
	Hidden Hidden
	// Limits bound what the file may cost. The zero value means [Narrow].
	Limits Limits
	// TempDir is a folder with mode 0700 for what does not fit into memory.
	// The caller makes it and wipes it. If it is empty and a folder is needed,
	// Open makes one, removes what killed processes left, and Close removes
	// the folder.
	TempDir string
}

// Hidden says what becomes of the rows that a sheet hides, by hand or by a
// filter.
type Hidden uint8

// The ways to treat hidden rows.
const (
	SkipHidden Hidden = iota
	KeepHidden
)

// Limits bound what a file may cost. Every member is positive; 0 takes the
// value of [Narrow].
type Limits struct {
	Bytes   int64 // of a workbook's parts when unpacked, all together, or of a CSV file
	Ratio   int64 // of unpacked to packed size, for parts above 1 MiB
	Entries int   // in a workbook's archive
	Rows    int   // highest row number of a sheet; CSV files are bounded by Bytes alone
	Columns int   // highest column number
}

// Wide returns the limits for a file that an operator names: 2 GiB and as many
// rows as a sheet can have.
func Wide() Limits {
	return Limits{Bytes: 2 << 30, Ratio: 200, Entries: 1000, Rows: maxRow, Columns: 256}
}

// Narrow returns the limits for a file that somebody uploads: 256 MiB.
func Narrow() Limits {
	l := Wide()
	l.Bytes = 256 << 20
	return l
}

// Limits that no setting widens: those of the format itself, and of text that
// a person could have written.
const (
	maxRow   = 1 << 20
	maxDepth = 32        // of nested elements; worksheets need about ten
	maxToken = 1 << 20   // bytes of markup between two tokens
	maxText  = 4 * 32767 // bytes in a cell: 32,767 characters is Excel's limit
	maxPart  = 64 << 20  // bytes of the small parts: relations, workbook, styles
)

// filled returns the options with their defaults in the place of zeros.
func (o Options) filled() Options {
	narrow := Narrow()
	if o.Header == 0 {
		o.Header = 1
	}
	if o.Limits.Bytes == 0 {
		o.Limits.Bytes = narrow.Bytes
	}
	if o.Limits.Ratio == 0 {
		o.Limits.Ratio = narrow.Ratio
	}
	if o.Limits.Entries == 0 {
		o.Limits.Entries = narrow.Entries
	}
	if o.Limits.Rows == 0 {
		o.Limits.Rows = narrow.Rows
	}
	if o.Limits.Columns == 0 {
		o.Limits.Columns = narrow.Columns
	}
	return o
}
