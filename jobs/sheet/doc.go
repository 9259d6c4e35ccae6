// Package sheet reads the rows of workbooks (.xlsx and its kin) and of CSV
// files. A [Source] is a jobs.Source: every cell arrives as a person sees it,
// beside the exact value that is stored.
//
// Files come from strangers and from colleagues in a hurry, so two promises
// stand above all others. No row is ever lost in silence: a file that is
// damaged, cut short or understood only in part is an error. And no file takes
// more than its [Limits]: what a reader would have to unpack, nest or count
// without end is refused before it is unpacked.
//
// [Open] therefore reads a workbook's sheet once, strictly and to its very end,
// with encoding/xml, and puts the checked cells into a spool: memory for small
// sheets, a file of our own folder for big ones. [Source.Rows] replays the
// spool, so what was checked is what is delivered. Excelize does what it knows
// best, numbers and dates in the format of their cell: to read, it is
// handed the formatted numbers of one row at a time, in a workbook made here,
// and never the file itself. Left alone with a file it ends early without an error where
// the XML is broken, and keeps 40 bytes and more for each shared string.
//
// CSV is streamed: encoding and delimiter are detected, line ends and quotes
// are checked on the way.
//
// A [Book] is a workbook of which several sheets are read: the keys of a job
// ([Book.Settings]), its rows ([Book.Source]), and the fields of their passes, which
// [Book.Join] joins to the rows. Fields of a million passes lie in a temporary
// database, in the same folder as the spools.
//
// The package knows nothing of templates: which column feeds which field, and
// whether a text is a good date, others decide. It knows Apple's keys of a pass
// field, since they are columns of a sheet; and [WriteEmpty] and [WriteJob], which
// make the workbooks that marketing fills in, are told the declared fields.
//
// A [Report] is the way back: the workbook of a [Source] with its problems in it.
// Only there does excelize load a file of the user's, after Open has accepted it
// and below the bounds of [ReportLimits], and what it writes is compared with
// the source.
package sheet
