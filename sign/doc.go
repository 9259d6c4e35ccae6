// Package sign turns the files of a pass into a signed archive: it knows the
// certificate ([Identity]), the signature, the manifest and the archive
// ([Archive]).
//
// [Load] reads a certificate with its key; [Identity.Check] says everything
// that is wrong with it before the first pass is made; [Identity.Sign] signs
// manifests in groups. An [Archive] is compiled once for a template version: it
// hashes and lays out the files that all passes share, so that a pass costs its
// own few files, and one copy of the rest.
//
// The package does not know templates, rows, jobs or sinks, keeps nothing on
// disk and does not judge a finished pass: that is done by sign/verify, which
// shares no code with it.
package sign
