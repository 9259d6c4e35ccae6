// Package verify judges a finished pass as a phone would, and says everything
// that is wrong with it in one [Report].
//
// It opens the archive, compares every file with the manifest, and verifies the
// signature and its certificates up to Apple's root at the time of signing. Of
// pass.json it reads whose pass it is; what else it holds, and what the files
// hold, is the business of others, for whom the report keeps them. It is made for files of strangers:
// everything is bounded, and nothing in a file makes it panic.
//
// It shares no code with the packages that make passes, so that a mistake there
// is not repeated here, and reads signatures with structures of its own. It was
// made from Apple's documents and source, and from passes that phones took or
// refused; it is not Apple's verdict. It does not know templates or rows, asks
// nobody whether a certificate was revoked, and does not judge what a pass shows.
package verify
