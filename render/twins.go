package render

import "slices"

// An original is what a twin may be taken from.
type original struct {
	value Member  // what the twin repeats
	key   Key     // what is known of it
	of    *Node   // the entry of a list that must be kept for it, as key entry says; may be nil
	entry Key     // what is known of the entry
	only  *Member // a member that must have one of the words in words; may be nil
}

// A twin repeats what another member of the pass says, for older systems, if a
// row keeps that.
type twin struct {
	program
	of   *program // must be kept; may be nil
	only *program // must become one of oldFormats; may be nil
}

// oldFormats are the barcode formats that systems know which read barcode and
// not barcodes, as they stand in JSON.
var oldFormats = []string{
	`"PKBarcodeFormatQR"`, `"PKBarcodeFormatPDF417"`, `"PKBarcodeFormatAztec"`, `"PKBarcodeFormatCode128"`,
}

// addTwins returns members with those of which older systems read the twin,
// each behind its original. What the template has itself stays as it is, and a
// list that is one placeholder has no twin.
func (c *compiler) addTwins(members []Member) []Member {
	var all []Member
	for _, m := range members {
		var t Member
		switch m.Key {
		case "barcodes":
			t = c.barcodeTwin(&m)
		case "relevantDates":
			t = c.dateTwin(&m)
		}
		all = append(all, m)
		if t.twins != nil && indexKey(members, t.Key) < 0 {
			all = append(all, t)
		}
	}
	return all
}

// barcodeTwin returns barcode: the first of the barcodes that a row keeps and
// whose format old systems know.
func (c *compiler) barcodeTwin(m *Member) Member {
	t := Member{Key: "barcode", at: m.at}
	for _, e := range m.Value.Elems {
		e.Members = c.resolve(e.Members, BarcodeShape)
		i := indexKey(e.Members, "format")
		if i < 0 {
			continue
		}
		t.twins = append(t.twins, original{value: Member{Value: e}, key: object(BarcodeShape), only: &e.Members[i]})
	}
	return t
}

// dateTwin returns relevantDate: the first date of the first of the
// relevantDates that a row keeps. In m, the entries that have one date get it
// under both of its names: iOS 26 renamed it.
func (c *compiler) dateTwin(m *Member) Member {
	t := Member{Key: "relevantDate", at: m.at}
	m.Value.Elems = slices.Clone(m.Value.Elems)
	for i := range m.Value.Elems {
		e := &m.Value.Elems[i]
		if e.Kind != ObjectNode {
			continue
		}
		e.Members = c.resolve(e.Members, RelevantDateShape)
		e.Members = bothNames(bothNames(e.Members, "date", "relevantDate"), "relevantDate", "date")
		for _, key := range []string{"relevantDate", "date", "startDate"} {
			if at := indexKey(e.Members, key); at >= 0 && e.Members[at].Value.Kind != NullNode {
				t.twins = append(t.twins, original{value: e.Members[at], key: Key{Type: Date}, of: e, entry: object(RelevantDateShape)})
			}
		}
	}
	return t
}

// bothNames adds to members what stands under one key under another, unless
// there is something.
func bothNames(members []Member, from, to string) []Member {
	i := indexKey(members, from)
	if i < 0 || indexKey(members, to) >= 0 {
		return members
	}
	m := members[i]
	m.Key = to
	return append(members, m)
}

// twins compiles originals. The first constant one is always kept, and hides
// those behind it.
func (c *compiler) twins(originals []original) program {
	p := program{first: make([]twin, 0, len(originals))}
	for _, o := range originals {
		t := twin{program: c.value(&o.value.Value, o.key, o.value.bare)}
		if o.of != nil {
			of := c.value(o.of, o.entry, false)
			t.of = &of
		}
		if o.only != nil {
			only := c.value(&o.only.Value, Key{Type: String}, o.only.bare)
			if only.fixed != nil && !slices.Contains(oldFormats, string(only.fixed)) {
				continue
			}
			t.only = &only
		}
		p.first = append(p.first, t)
		if t.constant() {
			break
		}
	}
	if len(p.first) > 0 && p.first[0].constant() {
		return p.first[0].program
	}
	return p
}

// constant reports whether every row has the twin, and the same one.
func (t *twin) constant() bool {
	return t.fixed != nil && (t.of == nil || t.of.fixed != nil) && (t.only == nil || t.only.fixed != nil)
}

// chosen returns the first twin that a row has, nil if it has none. It may
// overwrite what lies behind dst.
func (f *filler) chosen(dst []byte, p *program) *twin {
	for i := range p.first {
		t := &p.first[i]
		if t.only != nil {
			format, kept := f.value(dst, t.only)
			if !kept || !slices.Contains(oldFormats, string(format[len(dst):])) {
				continue
			}
		}
		if t.of != nil {
			if _, kept := f.value(dst, t.of); !kept {
				continue
			}
		}
		if _, kept := f.value(dst, &t.program); kept {
			return t
		}
	}
	return nil
}
