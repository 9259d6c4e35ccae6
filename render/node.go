package render

// A Kind says which of JSON's forms a [Node] has.
type Kind uint8

// The kinds of nodes.
const (
	NullNode Kind = iota
	BoolNode
	NumberNode
	StringNode
	ArrayNode
	ObjectNode
)

var kindNames = [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}

// String returns the kind as words of a message: "a number".
func (k Kind) String() string { return kindNames[k] }

// A Node is a decoded JSON value that keeps what encoding/json would lose: the
// order of keys and the digits of numbers. The zero Node is null.
type Node struct {
	Kind    Kind
	Text    string   // a string's content; a number or boolean as it is written
	Members []Member // of an object, in their order
	Elems   []Node   // of an array

	at int // offset in the source
}

// A Member is one key of an object and its value.
type Member struct {
	Key   string
	Value Node

	bare  bool       // in the member dialect: Key is a placeholder, Value is nothing
	at    int        // offset of the key in the source
	twins []original // instead of Value: see addTwins
}

// Get returns the value of a key, or nil if n is no object or has no such key.
// A nil Node has no keys.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Members {
		if n.Members[i].Key == key {
			return &n.Members[i].Value
		}
	}
	return nil
}

// AppendJSON appends n as compact JSON, keys in their order.
func (n *Node) AppendJSON(dst []byte) []byte {
	switch n.Kind {
	case NullNode:
		return append(dst, "null"...)
	case StringNode:
		dst = append(dst, '"')
		return append(appendEscaped(dst, n.Text), '"')
	case ArrayNode:
		dst = append(dst, '[')
		for i := range n.Elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = n.Elems[i].AppendJSON(dst)
		}
		return append(dst, ']')
	case ObjectNode:
		dst = append(dst, '{')
		for i := range n.Members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendKey(dst, n.Members[i].Key)
			dst = n.Members[i].Value.AppendJSON(dst)
		}
		return append(dst, '}')
	}
	return append(dst, n.Text...) // numbers and booleans, as they were written
}

func appendKey(dst []byte, key string) []byte {
	dst = append(dst, '"')
	return append(appendEscaped(dst, key), '"', ':')
}
