package intake

import "fmt"

// A Kind says what was done with a thing.
type Kind string

// The kinds of notes.
const (
	Dropped Kind = "dropped"  // passmill makes or sets it
	Mended  Kind = "mended"   // it is in the template, in another form
	LeftOut Kind = "left out" // it is not in the template
	Stays   Kind = "stays"    // the same in all passes, although it might differ
)

// A Note is one thing that was decided about a pass. It never quotes a value.
type Note struct {
	Kind    Kind
	Path    string // in pass.json: "barcodes[0].message"; or of a file
	Message string
	Lost    bool // passes of the template lack something that the pass had
}

// String returns the note as one line: kind, path, message.
func (n Note) String() string { return fmt.Sprintf("%s: %s: %s", n.Kind, n.Path, n.Message) }

func (p *Pass) note(kind Kind, path, message string) {
	p.notes = append(p.notes, Note{Kind: kind, Path: path, Message: message})
}

func (p *Pass) lost(path, message string) {
	p.notes = append(p.notes, Note{Kind: LeftOut, Path: path, Message: message, Lost: true})
}
