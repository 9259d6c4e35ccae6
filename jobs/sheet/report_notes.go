package sheet

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"passmill/jobs"
)

const noteAuthor = "passmill"

// note returns the note on a cell: what is wrong with it and how to mend it. It
// does not repeat the value, which stands in the cell, nor the cell, unless the
// problem is one of another sheet. Under it comes what the user's own note says.
func (r *Report) note(sheet, at string, s spot, own string) (excelize.Comment, error) {
	c := excelize.Comment{Author: noteAuthor, Cell: at, Width: 300}
	lines := 1
	for i, m := range s {
		p, err := r.problem(m.at)
		if err != nil {
			return c, err
		}
		head, rest := string(p.Severity)+": ", describe(p)
		if m.fields && p.Origin.Sheet != sheet {
			rest = p.Origin.Cell() + ": " + rest
		}
		if i > 0 {
			head = "\n\n" + head
		}
		c.Paragraph = append(c.Paragraph, run(head, true), run(legible(rest), false))
		lines += 3 + len(rest)/44
	}
	if own != "" {
		c.Paragraph = append(c.Paragraph, run("\n\nYour own note: ", true), run(own, false))
		lines += 3 + len(own)/44
	}
	c.Height = uint(min(lines, 30)) * 17
	return c, nil
}

// describe says a problem in two sentences.
func describe(p jobs.Problem) string {
	text := p.Message + "."
	if p.Field != "" {
		text = p.Field + ": " + text
	}
	if p.Fix != "" {
		first, size := utf8.DecodeRuneInString(p.Fix)
		text += "\nTo mend it: " + strings.TrimSuffix(string(unicode.ToLower(first))+p.Fix[size:], ".") + "."
	}
	return text
}

func run(text string, bold bool) excelize.RichTextRun {
	return excelize.RichTextRun{Text: text, Font: &excelize.Font{Family: "Calibri", Size: 10, Bold: bold, Color: ink}}
}

// text returns what a note of the user's says.
func noteText(c excelize.Comment) string {
	text := c.Text
	for _, r := range c.Paragraph {
		text += r.Text
	}
	return strings.TrimSpace(text)
}
