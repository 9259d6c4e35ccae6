package jobs

import "strings"

// A Type says how the text of a cell is read and what a template's leaf becomes
// that consists of the field alone.
type Type string

// The types of fields. A leaf that is one whole placeholder becomes a JSON
// number for TypeNumber, TypeInteger and TypeMoney, a JSON boolean for
// TypeBoolean, the given JSON for TypeJSON, and a JSON string for the others
// (dates in ISO 8601 with hours, minutes and zone).
const (
	TypeText     Type = "text"
	TypeNumber   Type = "number"
	TypeInteger  Type = "integer"
	TypeBoolean  Type = "boolean"
	TypeDate     Type = "date"
	TypeDateTime Type = "datetime"
	TypeMoney    Type = "money"
	TypeURL      Type = "url"
	TypeEmail    Type = "email"
	TypeColor    Type = "color"
	TypeJSON     Type = "json"
	TypeImage    Type = "image" // names a file or web address; never stands in text
)

// Types lists all types in the order of the documentation.
var Types = []Type{
	TypeText, TypeNumber, TypeInteger, TypeBoolean, TypeDate, TypeDateTime,
	TypeMoney, TypeURL, TypeEmail, TypeColor, TypeJSON, TypeImage,
}

// A Field is a named, typed value that a template asks for; $$Name stands for
// it. The zero Type is text.
type Field struct {
	Name      string
	Type      Type
	Optional  bool     // without a value the member that it feeds is dropped
	Default   string   // used when the cell is empty; "" means none
	OneOf     []string // the only values allowed, if any
	MaxLength int      // in characters; 0 means no limit but the program's own
	Format    string   // how dates and numbers are written in text; see the documentation of templates
	TimeZone  string   // IANA name in which dates without a zone are meant; empty is UTC
	At        string   // time of day that a date without one stands for, "23:59:59"; empty is midnight
	Languages []string // languages with a column of their own, Name@de
	Slot      string   // of an image: which of the pass's images it is, one of [ImageSlots]
	Note      string   // what marketing reads about the column in an empty workbook
}

// FoldName returns the form of a field's name or a column's header in which two
// of them are compared: without regard to case, spaces, "_" and "-".
func FoldName(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-', '\t', '\n', '\r', '\u00a0':
			return -1
		}
		return r
	}, strings.ToLower(name))
}
