package intake

import (
	"fmt"
	"strings"

	"passmill/render"
)

// A spot is a value of pass.json that may differ from row to row.
type spot struct {
	node   *render.Node
	path   string
	want   render.Type
	name   string // of a field that begins here
	issuer bool   // the name is the issuer's: better than one of ours
	label  string // what people read beside the value
	money  bool   // a number that is an amount
	day    bool   // text that is shown as a date without a time
	moment bool   // text that is shown as a date
}

// A finder walks through a pass and finds its spots, in their order.
type finder struct {
	p        *Pass
	boarding bool
	tr       *translations
	spots    []*spot
}

func (f *finder) add(s spot) {
	if s.node != nil && (s.node.Kind == render.StringNode || s.node.Kind == render.NumberNode) {
		f.spots = append(f.spots, &s)
	}
}

// pass finds the spots of the whole pass: of what Apple's pages say is the
// holder's, and no others. Places of shops, colours, links, labels and what an
// app reads stay as they are.
func (f *finder) pass(root *render.Node) {
	f.boarding = root.Get("boardingPass") != nil
	for i := range root.Members {
		m := &root.Members[i]
		switch m.Key {
		case "serialNumber":
			f.add(spot{node: &m.Value, path: m.Key, want: render.String, name: "SerialNumber"})
		case "relevantDate", "expirationDate":
			f.add(spot{node: &m.Value, path: m.Key, want: render.Date, name: nameOf(m.Key)})
		case "relevantDates":
			f.dates(&m.Value)
		case "barcode":
			f.barcode(&m.Value, m.Key, "Barcode")
		case "barcodes":
			f.barcodes(&m.Value)
		case "nfc":
			f.add(spot{node: m.Value.Get("message"), path: "nfc.message", want: render.String, name: "NFCMessage"})
		case "semantics":
			f.semantics(&m.Value, m.Key)
		default:
			if render.PassShape.Keys[m.Key].Of == render.StyleShape {
				f.style(&m.Value, m.Key)
			}
		}
	}
}

func (f *finder) dates(list *render.Node) {
	for i := range list.Elems {
		for _, d := range []struct{ key, name string }{
			{"date", "RelevantDate"}, {"relevantDate", "RelevantDate"}, {"startDate", "RelevantStart"}, {"endDate", "RelevantEnd"},
		} {
			f.add(spot{node: list.Elems[i].Get(d.key), path: fmt.Sprintf("relevantDates[%d].%s", i, d.key), want: render.Date, name: d.name})
		}
	}
}

func (f *finder) barcodes(list *render.Node) {
	for i := range list.Elems {
		f.barcode(&list.Elems[i], fmt.Sprintf("barcodes[%d]", i), "Barcode")
	}
}

func (f *finder) barcode(n *render.Node, path, name string) {
	f.add(spot{node: n.Get("message"), path: path + ".message", want: render.String, name: name + "Message"})
	f.add(spot{node: n.Get("altText"), path: path + ".altText", want: render.String, name: name + "Text"})
}

func (f *finder) style(n *render.Node, path string) {
	for i := range n.Members {
		group := &n.Members[i]
		if render.StyleShape.Keys[group.Key].Of != render.FieldShape {
			continue
		}
		for j := range group.Value.Elems {
			f.field(&group.Value.Elems[j], group.Key, fmt.Sprintf("%s.%s[%d]", path, group.Key, j), j)
		}
	}
}

// field finds the spot of a field on the front, or on the back, where most
// things are for everybody.
func (f *finder) field(n *render.Node, group, path string, index int) {
	value := n.Get("value")
	s := spot{node: value, path: path + ".value", want: render.Any, label: text(n, "label"), issuer: true}
	if f.tr.has(s.label) {
		s.label = ""
	}
	s.money = n.Get("currencyCode") != nil
	date, time := text(n, "dateStyle"), text(n, "timeStyle")
	s.moment = n.Get("dateStyle") != nil || n.Get("timeStyle") != nil
	s.day = date != "" && date != none && (time == "" || time == none)
	key := text(n, "key")
	s.name = nameOf(groups.ReplaceAllString(key, ""))
	if vague.MatchString(key) || len(s.name) < 2 || s.name == "ID" {
		if label := nameOf(s.label); len(label) > 1 {
			s.name = label
		} else if s.name != "ID" {
			s.name, s.issuer = fmt.Sprintf("%s%d", capital(strings.TrimSuffix(group, "Fields")), index+1), false
		}
	}
	if why := forAll(group, key, s.label, value, f.tr); why != "" {
		f.p.note(Stays, s.path, why)
	} else {
		f.add(s)
	}
	f.semantics(n.Get("semantics"), path+".semantics")
}

const none = "PKDateStyleNone"

// text returns the string under a key, "" if there is none.
func text(n *render.Node, key string) string {
	if v := n.Get(key); v != nil && v.Kind == render.StringNode {
		return v.Text
	}
	return ""
}
