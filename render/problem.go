package render

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// An Error is one mistake in a file of a template. Compile joins all of them.
type Error struct {
	File         string
	Line, Column int // from 1; the column counts characters
	Message      string
}

// Error returns file, line, column and message, in the form that editors know.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// problems collects the mistakes in one file.
type problems struct {
	file string
	text string
	list []mistake
}

type mistake struct {
	at      int
	message string
}

func (p *problems) add(at int, format string, args ...any) {
	p.list = append(p.list, mistake{at, fmt.Sprintf(format, args...)})
}

// err joins the mistakes in the order of the file.
func (p *problems) err() error {
	var errs []error
	for _, e := range p.errors() {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

func (p *problems) errors() []*Error {
	slices.SortStableFunc(p.list, func(a, b mistake) int { return cmp.Or(a.at-b.at, strings.Compare(a.message, b.message)) })
	p.list = slices.Compact(p.list) // what is compiled twice, has each mistake twice
	list := make([]*Error, len(p.list))
	for i, m := range p.list {
		line, column := position(p.text, m.at)
		list[i] = &Error{File: p.file, Line: line, Column: column, Message: m.message}
	}
	return list
}

func position(text string, at int) (line, column int) {
	before := text[:min(at, len(text))]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}
