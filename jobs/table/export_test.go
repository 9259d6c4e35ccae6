package table

import "time"

// ParseStatement returns a query with its parameters numbered, and their names.
func ParseStatement(query string, postgres bool) (text string, names []string, err error) {
	s, err := parseStatement(query, postgres)
	return s.text, s.names, err
}

// SetPatience says how long lost connections are tried again, until the function
// that it returns is called.
func SetPatience(d time.Duration) (restore func()) {
	before := longest
	longest = d
	return func() { longest = before }
}
