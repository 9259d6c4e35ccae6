package render

import "slices"

// A Decoder reads JSON as [DecodeLoosely] does, in memory that it uses again:
// what many small passes are read into is most of what reading them costs. The
// zero Decoder is ready for use, by one goroutine at a time.
type Decoder struct {
	root   Node
	parser parser
	kept   store
}

// A store holds the members and elements of a document that has been read.
type store struct {
	members []Member
	elems   []Node
}

// Decode reads JSON as [DecodeLoosely] does. The Node is good until the next
// call of Decode or Forget.
func (d *Decoder) Decode(file string, data []byte) (n *Node, notes []*Error, err error) {
	d.parser = parser{
		problems: problems{file: file, text: string(data)},
		members:  d.parser.members[:0], elems: d.parser.elems[:0], kept: &d.kept,
	}
	d.kept = store{d.kept.members[:0], d.kept.elems[:0]}
	d.root = d.parser.document()
	if d.parser.failed {
		return nil, nil, d.parser.err()
	}
	return &d.root, d.parser.errors(), nil
}

// Forget lets go of the document that was read last, and of its texts.
func (d *Decoder) Forget() {
	members, elems := d.parser.members[:cap(d.parser.members)], d.parser.elems[:cap(d.parser.elems)]
	clear(members)
	clear(elems)
	clear(d.kept.members)
	clear(d.kept.elems)
	d.root, d.parser = Node{}, parser{members: members, elems: elems}
}

// keepMembers returns what stays of the members of an object when the stack is
// used for the next one.
func (p *parser) keepMembers(m []Member) []Member {
	if p.kept == nil {
		return slices.Clone(m)
	}
	return keep(&p.kept.members, m)
}

func (p *parser) keepElems(e []Node) []Node {
	if p.kept == nil {
		return slices.Clone(e)
	}
	return keep(&p.kept.elems, e)
}

// keep appends items to a store. One that is full is left to what points into
// it, and a larger one takes its place.
func keep[T any](store *[]T, items []T) []T {
	if len(*store)+len(items) > cap(*store) {
		*store = make([]T, 0, max(64, 2*cap(*store), len(items)))
	}
	from := len(*store)
	*store = append(*store, items...)
	return (*store)[from:len(*store):len(*store)]
}
