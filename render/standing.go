package render

import (
	"fmt"
	"slices"
	"time"
)

// Void returns a filled pass.json that says that the pass is void.
func Void(pass []byte) ([]byte, error) {
	return put(pass, Member{Key: "voided", Value: Node{Kind: BoolNode, Text: "true"}})
}

// Expire returns a filled pass.json that says that the pass ends, or has ended, at
// a point in time, in the place of what it says of that itself.
func Expire(pass []byte, at time.Time) ([]byte, error) {
	return put(pass, Member{Key: "expirationDate", Value: Node{Kind: StringNode, Text: at.UTC().Format("2006-01-02T15:04:05Z07:00")}})
}

// put sets a member of the top level.
func put(pass []byte, m Member) ([]byte, error) {
	n, err := Decode("pass.json", pass)
	if err != nil {
		return nil, fmt.Errorf("change %s: %w", m.Key, err)
	}
	n.Members = slices.DeleteFunc(n.Members, func(o Member) bool { return o.Key == m.Key })
	n.Members = append(n.Members, m)
	return n.AppendJSON(make([]byte, 0, len(pass)+64)), nil
}
