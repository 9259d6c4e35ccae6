// Package jobs is the domain of passmill: it defines jobs and runs them.
//
// A [Job] says which passes to make. A [Source] yields one [Row] for each of
// them. An [Importer] turns rows into checked values, compares them with what
// the ledger knows and stages those that are new or changed. A [Presser] fills,
// hashes, signs and packs a [Chunk] of staged rows and hands the passes to a
// [Sink]; a [Runner] drives all of it and keeps the books.
//
// The package knows nothing of spreadsheets, databases, certificates, templates
// or disks. Those live in packages that import this one, or that the command
// joins to it through small interfaces and functions.
package jobs
