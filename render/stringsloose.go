package render

// ParseStringsLoosely reads a strings file as [ParseStrings] does, but goes on where a
// key stands twice: the entries have both.
func ParseStringsLoosely(file string, data []byte) (entries []Entry, notes []*Error, err error) {
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
