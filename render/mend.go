package render

// Mend reads JSON as [Decode] does, but goes on where there is no doubt about
// what was meant: at comments, commas too many, and keys that stand twice in an
// object, all of which n holds. It returns an [*Error] for each of them. err is
// what can't be read.
func Mend(file string, data []byte) (n *Node, mended []*Error, err error) {
	p := newParser(file, string(data))
	root := p.document()
	if p.failed {
		return nil, nil, p.err()
	}
	return &root, p.errors(), nil
}

// MendStrings reads a strings file as [ParseStrings] does, but goes on where a
// key stands twice: the entries have both.
func MendStrings(file string, data []byte) (entries []Entry, mended []*Error, err error) {
	text, err := decodeText(data)
	if err != nil {
		return nil, nil, err
	}
	p := &stringsParser{problems: problems{file: file, text: text}}
	entries = p.entries()
	if p.failed {
		return nil, nil, p.err()
	}
	return entries, p.errors(), nil
}
