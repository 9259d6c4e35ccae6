// Package render turns a pass template and the values of a row into the files
// of a pass that differ from row to row: pass.json and those pass.strings that
// hold placeholders.
//
// [Compile] reads a template once and reports everything that is wrong with it,
// with line and column. [Template.Fill] then fills it as often as there are
// rows. A value is put into the decoded tree, once: it is never scanned for
// placeholders, and it can't change the shape of the pass, except by being
// absent, in which case its member is left out, or by belonging to a field that
// is declared as JSON.
//
// $$Name is a placeholder, $${Name} is one where a letter follows, and $$$$
// stands for $$. A template is written in either of two dialects, or in both at
// once. In the value dialect, which is valid JSON, placeholders stand inside of
// string values: "message": "$$MemberID". In the member dialect a bare
// "$$message" stands in the place of a whole member.
//
// Everything here is a pure function of its arguments: no clock, no randomness,
// no files, no log. Equal input gives equal bytes. What Apple's format knows of
// keys and types is data, in [PassShape]; what a phone would refuse is the
// business of package preflight. This package does not know where values come
// from, how cells are parsed, or what is signed.
package render
