package sheet

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"passmill/jobs"
)

// values returns what alone may stand in a column.
func values(field jobs.Field) []string {
	if len(field.OneOf) == 0 && field.Type == jobs.TypeBoolean {
		return []string{"true", "false"}
	}
	return field.OneOf
}

// formatOf returns the number format of a column. Text keeps leading zeros and
// long numbers as they are typed.
func formatOf(field jobs.Field) string {
	if len(field.OneOf) > 0 {
		return "@"
	}
	switch field.Type {
	case jobs.TypeNumber:
		return "General"
	case jobs.TypeInteger:
		return "0"
	case jobs.TypeMoney:
		return "#,##0.00"
	case jobs.TypeDate:
		return "yyyy-mm-dd"
	case jobs.TypeDateTime:
		return "yyyy-mm-dd hh:mm"
	}
	return "@"
}

// kinds says what belongs into a column, in the words of its reader.
var kinds = map[jobs.Type]string{
	jobs.TypeText:     "Text",
	jobs.TypeNumber:   "Number",
	jobs.TypeInteger:  "Whole number",
	jobs.TypeBoolean:  "true or false",
	jobs.TypeDate:     "Date",
	jobs.TypeDateTime: "Date and time",
	jobs.TypeMoney:    "Amount of money",
	jobs.TypeURL:      "Web address",
	jobs.TypeEmail:    "E-mail address",
	jobs.TypeColor:    "Colour, such as #FF8800",
	jobs.TypeJSON:     "JSON",
	jobs.TypeImage:    "Image: the name of a file in the folder of the images, such as anna.jpg",
}

// explain returns the note on a header.
func explain(field jobs.Field) string {
	kind := kinds[field.Type]
	if kind == "" {
		kind = kinds[jobs.TypeText]
	}
	need := "required"
	if field.Optional || field.Default != "" {
		need = "optional"
	}
	lines := []string{kind + ", " + need + "."}
	if field.MaxLength > 0 {
		lines = append(lines, fmt.Sprintf("At most %d characters.", field.MaxLength))
	}
	if len(field.OneOf) > 0 {
		shown := field.OneOf[:min(len(field.OneOf), 20)]
		line := "One of: " + strings.Join(shown, ", ")
		if rest := len(field.OneOf) - len(shown); rest > 0 {
			line += fmt.Sprintf(" and %d more", rest)
		}
		lines = append(lines, line+".")
	}
	if field.Default != "" {
		lines = append(lines, "If empty: "+field.Default)
	}
	if field.TimeZone != "" && (field.Type == jobs.TypeDate || field.Type == jobs.TypeDateTime) {
		lines = append(lines, "Time zone: "+field.TimeZone)
	}
	if line := moment(field); line != "" {
		lines = append(lines, line)
	}
	if field.Note != "" {
		lines = append(lines, field.Note)
	}
	return strings.Join(lines, "\n")
}

// moment says which time of day a date without one stands for.
func moment(field jobs.Field) string {
	word := "at"
	if strings.HasPrefix(field.At, "23:59") {
		word = "until" // the end of the day is meant as an end
	}
	switch {
	case field.At == "":
		return ""
	case field.Type == jobs.TypeDate:
		return fmt.Sprintf("Counts %s %s of that day.", word, field.At)
	case field.Type == jobs.TypeDateTime:
		return fmt.Sprintf("Without a time of day, it counts %s %s of that day.", word, field.At)
	}
	return ""
}

// sheetName mends a name to what spreadsheets allow for a sheet.
func sheetName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]`, r) || r < ' ' {
			return ' '
		}
		return r
	}, name)
	name = strings.Trim(strings.TrimSpace(name), "'")
	for len(utf16.Encode([]rune(name))) > 31 {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name == "" {
		return "Rows"
	}
	return name
}
