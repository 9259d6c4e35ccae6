// Package intake makes a template of a pass that exists already, or of a
// template of Apple's Pass Designer.
//
// [Read] takes the files that a template can have out of an archive or a folder,
// within bounds, and leaves the others. [Pass.Propose] mends what passmill would
// not take, and puts placeholders where values look personal. It says all that
// it did, and it checks itself: filled with the pass's own values, the template
// gives the pass back.
//
// It is a room of its own since it needs package templates, whose rules decide
// what a template is, while nothing that loads templates needs it: it reads
// files of strangers, and guesses, which loading never does. It knows nothing of
// signatures: whoever signed the pass, the new ones are signed by another.
package intake
