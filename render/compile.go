package render

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Source is what a template is compiled from.
type Source struct {
	JSON    []byte            // template.json
	Strings map[string][]byte // by path: "de.lproj/pass.strings"
	Fields  []Field           // those that are declared

	// Compatible adds, where the template lacks them, the members that older
	// systems read: barcode, relevantDate, and in relevantDates the newer or
	// older name of the one date.
	Compatible bool
}

// A Field is what this package has to know of a field.
type Field struct {
	Name      string
	Optional  bool     // may be absent
	JSON      bool     // its values may be arrays and objects
	Languages []string // that have a value of their own, under Name@language

	// Type is set by [Template.Fields]: what the places want that the field
	// fills whole; String if it stands in text, or if they differ. It is not
	// read.
	Type Type
}

// A Template is a compiled template. It is safe for concurrent use.
type Template struct {
	id          Identity
	serialField string
	names       []string
	fields      []Field
	pass        program
	files       []stringsFile // that differ from row to row
	constant    map[string][]byte
	dependents  []int // by slot of Name@language: the slot of Name; else -1
}

// Compile reads a template for one identity. Its error joins an [*Error] for
// every mistake. An empty TypeID or TeamID is taken from the template.
func Compile(src Source, id Identity) (*Template, error) {
	p := newParser("template.json", string(src.JSON))
	p.template = true
	root := p.document()
	c := &compiler{problems: p.problems, id: id, slots: make(map[string]int), compatible: src.Compatible}
	c.declare(src.Fields)
	var pass program
	if !p.failed { // what was only noted hides nothing of what follows
		pass = c.root(&root)
	}
	errs := []error{c.err()}
	t := &Template{pass: pass, id: c.id, serialField: c.serialField, constant: make(map[string][]byte)}
	for _, path := range c.stringsPaths(src.Strings) {
		errs = append(errs, c.stringsFile(t, path, src.Strings[path]))
	}
	t.names, t.fields, t.dependents = c.names, c.used, c.dependents
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// Names returns the distinct placeholders, that of the serial number first and
// the others in the order of their first use, as they are declared or else first
// spelled. Values are given parallel to it. The caller doesn't change it.
func (t *Template) Names() []string { return t.names }

// Fields returns what is known of each name, declared or inferred, parallel to
// Names. A field that is not declared is optional if it stands for whole
// members only.
func (t *Template) Fields() []Field { return t.fields }

// Identity returns what the passes are made for.
func (t *Template) Identity() Identity { return t.id }

// SerialField returns the placeholder that the template has as serialNumber, a
// hint for the job; "" if it has none. Fill always sets what it is given.
func (t *Template) SerialField() string { return t.serialField }

// Files returns the names of the files that Fill makes: pass.json first, then
// the strings files that differ from row to row. Among them are those of
// languages that only rows have words of.
func (t *Template) Files() []string {
	names := []string{"pass.json"}
	for i := range t.files {
		names = append(names, t.files[i].path)
	}
	return names
}

// Constant returns the strings files without placeholders, by path.
func (t *Template) Constant() map[string][]byte { return maps.Clone(t.constant) }

// A compiler turns decoded trees into programs.
type compiler struct {
	problems
	id          Identity
	serialField string
	compatible  bool

	declared   map[string]Field
	slots      map[string]int // by folded name
	names      []string
	used       []Field
	dependents []int
	translated []int // slots of fields that rows translate themselves
}

func (c *compiler) declare(fields []Field) {
	c.declared = make(map[string]Field)
	for _, f := range fields {
		c.declared[FoldName(f.Name)] = f
	}
}

func (c *compiler) root(root *Node) program {
	if root.Kind != ObjectNode {
		c.add(root.at, "a template is a JSON object, not %v", root.Kind)
		return program{}
	}
	c.checkControls(root)
	members := slices.DeleteFunc(c.resolve(root.Members, PassShape), func(m Member) bool {
		return m.Key != "passTypeIdentifier" && m.Key != "teamIdentifier" && m.Key != "formatVersion" && controlOf(m.Key) != nil
	})
	if i := indexKey(members, "serialNumber"); i >= 0 {
		c.serial(&members[i])
	}
	if c.compatible {
		members = c.addTwins(members)
	}
	return c.object(c.complete(members), PassShape, true)
}

// resolve returns members in which every bare placeholder has become a key with
// the placeholder as value, and notes keys that are bad or stand twice.
func (c *compiler) resolve(members []Member, shape *Shape) []Member {
	seen := make(map[string]string, len(members))
	resolved := make([]Member, 0, len(members))
	for _, m := range members {
		switch {
		case m.bare && strings.HasPrefix(m.Key, "$$"): // else it is resolved already
			name := bareName(m.Key)
			if name == "" {
				c.add(m.at, "%q has to be one whole placeholder to stand in the place of a member", m.Key)
				continue
			}
			m.Value = Node{Kind: StringNode, Text: m.Key, at: m.at}
			m.Key = spell(name, shape)
		case strings.Contains(m.Key, "$$"):
			c.add(m.at, "the key %q holds a placeholder; only values may", m.Key)
		}
		if before, twice := seen[strings.ToLower(m.Key)]; twice {
			c.twice(m, before)
		}
		seen[strings.ToLower(m.Key)] = m.Key
		resolved = append(resolved, m)
	}
	return resolved
}

func (c *compiler) twice(m Member, before string) {
	if m.Key == before {
		c.add(m.at, "the key %q stands twice in one object", m.Key)
		return
	}
	c.add(m.at, "the keys %q and %q differ by case only", before, m.Key)
}

// bareName returns the name that s consists of, or "".
func bareName(s string) string {
	if list, bad := pieces(s); bad == "" && len(list) == 1 {
		return list[0].name
	}
	return ""
}

// spell returns the key that a bare placeholder stands for, as Apple spells it.
func spell(name string, shape *Shape) string {
	folded := FoldName(name)
	if shape != nil {
		for key := range shape.Keys {
			if FoldName(key) == folded {
				return key
			}
		}
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

// slot returns the index of a name's value, and remembers how it is used: as a
// member of its own, and in a leaf that wants a type.
func (c *compiler) slot(name string, bare bool, want Type) int {
	folded := FoldName(name)
	i, known := c.slots[folded]
	if !known {
		f, declared := c.declared[folded]
		if !declared {
			f = Field{Name: name, Optional: bare, JSON: want >= List}
		}
		f.Type = want
		i = len(c.names)
		c.slots[folded] = i
		c.names = append(c.names, f.Name)
		c.used = append(c.used, f)
		c.dependents = append(c.dependents, -1)
	}
	if !known {
		return i
	}
	f := &c.used[i]
	_, declared := c.declared[folded]
	if !declared {
		f.Optional = f.Optional && bare
	}
	if f.Type != want {
		f.Type = String // two places that want different things: text does for both
		f.JSON = f.JSON && declared
	}
	return i
}

func hasPlaceholder(n *Node) bool {
	switch n.Kind {
	case StringNode:
		return strings.Contains(strings.ReplaceAll(n.Text, "$$$$", ""), "$$")
	case ArrayNode:
		return slices.ContainsFunc(n.Elems, func(e Node) bool { return hasPlaceholder(&e) })
	case ObjectNode:
		return slices.ContainsFunc(n.Members, func(m Member) bool {
			return m.bare || strings.Contains(m.Key, "$$") || hasPlaceholder(&m.Value)
		})
	}
	return false
}
