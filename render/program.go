package render

// A program writes one value of the pass. Constant values are written from
// fixed; everything that lies side by side and is constant is one program.
type program struct {
	fixed []byte // the whole value, if it is constant
	leaf  *leaf  // or a string that holds placeholders
	kids  []kid  // or an object or array that does
	first []twin // or the first of these that a row has: see addTwins
	close byte   // '}' or ']', if there are kids
	rule  *rule  // of an object that may be dropped
	stays bool
}

// A kid is one member of an object or element of an array, or a run of constant
// ones.
type kid struct {
	program
	head  []byte // the key and a colon; empty in an array and for a run
	key   string
	count int   // how many members or elements a run stands for
	need  uint8 // the bit that this key has in the rule of its object
}

// A rule is [Shape.Needs] with a bit for each key.
type rule struct {
	has  uint8   // keys of the template
	sets []uint8 // those that suffice
}

// A leaf is a string that holds placeholders.
type leaf struct {
	parts []part
	whole bool // one placeholder and nothing else
	bare  bool // in the place of a member
	takes takes
	html  bool
	blank bool // the constant parts are blank
}

// A takes says what a leaf does with a value's JSON form if it is whole.
type takes uint8

const (
	takesAll     takes = iota
	takesStrings       // dates: JSON strings, else the text
	takesOthers        // fields without a date style: the text, if the JSON form is a string
	takesNone          // a card number that is declared as an integer stays a string
)

// accepts reports whether the leaf becomes the JSON form of a value.
func (t takes) accepts(json string) bool {
	switch {
	case json == "" || t == takesNone:
		return false
	case json[0] == '"':
		return t != takesOthers
	}
	return t != takesStrings
}

// A part is constant text, escaped, or the slot of a value.
type part struct {
	fixed []byte
	slot  int
}

// The slots that are not among the values.
const (
	noSlot     = -1
	serialSlot = -2
	tokenSlot  = -3
)

func (c *compiler) value(n *Node, key Key, bare bool) program {
	switch n.Kind {
	case StringNode:
		return c.str(n, key.Type, bare)
	case ArrayNode:
		return c.array(n, key.Of)
	case ObjectNode:
		return c.object(c.resolve(n.Members, key.Of), key.Of, false)
	}
	return program{fixed: n.AppendJSON(nil)}
}
