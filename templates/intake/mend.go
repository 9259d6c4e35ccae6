package intake

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"passmill/render"
)

// mend decodes pass.json and changes what a template can't hold: what passmill
// sets, nulls, keys that stand twice. It notes each change.
func (p *Pass) mend() (*render.Node, error) {
	root, mended, err := render.DecodeLoosely(passFile, p.json)
	if err != nil {
		return nil, err
	}
	if root.Kind != render.ObjectNode {
		return nil, fmt.Errorf("%s:1:1: a pass is a JSON object, not %v", passFile, root.Kind)
	}
	p.noteMended(mended)
	p.controls(root)
	p.object(root, "", false)
	p.serial(root)
	p.messages(root)
	return root, nil
}

// noteMended notes what the decoder has passed over.
func (p *Pass) noteMended(mended []*render.Error) {
	for _, m := range mended {
		message, _, _ := strings.Cut(m.Message, "; ") // what to do about it is done
		p.note(Mended, fmt.Sprintf("%s:%d:%d", m.File, m.Line, m.Column), message)
	}
}

// sets are the keys that passmill sets, folded, and what it says of them.
var sets = map[string]string{
	"passtypeidentifier":  "passmill sets it, from the certificate",
	"teamidentifier":      "passmill sets it, from the certificate",
	"webserviceurl":       "passmill sets it, from the job",
	"authenticationtoken": "passmill gives each pass its own",
	"formatversion":       "passmill sets it, to 1",
}

// controls drops what passmill sets, however it is spelled, and spells the
// serial number's key.
func (p *Pass) controls(root *render.Node) {
	root.Members = slices.DeleteFunc(root.Members, func(m render.Member) bool {
		why := sets[render.FoldName(m.Key)]
		if why != "" {
			p.note(Dropped, m.Key, why)
		}
		return why != ""
	})
	for i := range root.Members {
		if m := &root.Members[i]; strings.EqualFold(m.Key, "serialNumber") && m.Key != "serialNumber" {
			p.note(Mended, m.Key, "is spelled serialNumber")
			m.Key = "serialNumber"
		}
	}
}

// object mends the members of an object and of all objects in it. own is set
// within userInfo, whose nulls may mean something to the issuer's app.
func (p *Pass) object(n *render.Node, path string, own bool) {
	last := make(map[string]int) // by key in lower case: the one that stays
	for i, m := range n.Members {
		last[strings.ToLower(m.Key)] = i
	}
	kept := n.Members[:0]
	for i := range n.Members {
		m := n.Members[i]
		at := join(path, m.Key)
		switch stays := last[strings.ToLower(m.Key)]; {
		case i != stays:
			p.note(Mended, at, "stands twice (capitals don't count); the last one stays")
			continue
		case strings.Contains(m.Key, "$$"):
			p.lost(at, "a key with $$ can't stand in a template")
			continue
		case m.Value.Kind == render.NullNode && !own:
			p.note(Mended, at, "is null, and left out")
			continue
		}
		p.value(&m.Value, at, own || path == "" && m.Key == "userInfo")
		kept = append(kept, m)
	}
	n.Members = kept
}

func (p *Pass) value(n *render.Node, path string, own bool) {
	switch n.Kind {
	case render.ObjectNode:
		p.object(n, path, own)
	case render.ArrayNode:
		kept := n.Elems[:0]
		for i, e := range n.Elems {
			at := fmt.Sprintf("%s[%d]", path, i)
			if e.Kind == render.NullNode && !own {
				p.note(Mended, at, "is null, and left out")
				continue
			}
			p.value(&e, at, own)
			kept = append(kept, e)
		}
		n.Elems = kept
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// serial makes the serial number one that a row can have.
func (p *Pass) serial(root *render.Node) {
	n := root.Get("serialNumber")
	if n == nil {
		missing := render.Node{Kind: render.StringNode, Text: "1"}
		root.Members = append(root.Members, render.Member{Key: "serialNumber", Value: missing})
		n = root.Get("serialNumber")
		p.note(Mended, "serialNumber", "was missing; every pass has one")
	}
	switch {
	case n.Kind == render.NumberNode:
		n.Kind = render.StringNode
		p.note(Mended, "serialNumber", "was a number; Apple wants text")
	case n.Kind != render.StringNode:
		*n = render.Node{Kind: render.StringNode}
	}
	core, _, _ := trim(n.Text)
	if core == "" || len(core) > maxSerial || !cellText(core) {
		core = "1"
	}
	if core != n.Text {
		n.Text = core
		p.note(Mended, "serialNumber", "was nothing that a cell can hold to the letter, and is another now")
	}
}

// maxSerial is how many bytes a job takes as a serial number.
const maxSerial = 500

// messages makes text of numbers in the place of messages for scanners.
func (p *Pass) messages(root *render.Node) {
	found := scanned(root)
	for _, at := range slices.Sorted(maps.Keys(found)) {
		n := found[at]
		if n.Kind == render.NumberNode {
			n.Kind = render.StringNode
			p.note(Mended, at, "was a number; Apple wants text")
		}
	}
}

// scanned returns by path what a scanner or an NFC reader gets to see.
func scanned(root *render.Node) map[string]*render.Node {
	found := make(map[string]*render.Node)
	add := func(n *render.Node, path string) {
		for _, key := range []string{"message", "altText"} {
			if v := n.Get(key); v != nil {
				found[join(path, key)] = v
			}
		}
	}
	add(root.Get("barcode"), "barcode")
	add(root.Get("nfc"), "nfc")
	if list := root.Get("barcodes"); list != nil {
		for i := range list.Elems {
			add(&list.Elems[i], fmt.Sprintf("barcodes[%d]", i))
		}
	}
	return found
}
