package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"passmill/output/passkit/phone"
)

// Marks at the beginning of a phone's lines.
const (
	markGood    = "✓"
	markBad     = "✗"
	markMessage = "✉"
	markNothing = "·"
	markPush    = "↓"
)

var markColours = map[string]string{markGood: "32", markBad: "31", markMessage: "36"}

// A screen shows what happens to a phone, a short line for each thing.
type screen struct {
	w       io.Writer
	phone   *phone.Phone
	colours bool
	refused bool // a version of a pass was
}

func newScreen(w io.Writer, p *phone.Phone) *screen {
	return &screen{w: w, phone: p, colours: isTerminal(w)}
}

// line writes a line: mark, time, what has happened, and to what.
func (s *screen) line(mark, what, whom string) {
	if colour := markColours[mark]; s.colours && colour != "" {
		mark = "\x1b[" + colour + "m" + mark + "\x1b[0m"
	}
	fmt.Fprintf(s.w, "%s %s  %-12s  %s\n", mark, s.phone.Now().Format("15:04:05"), what, visible(whom))
}

// name says which pass, in a few words.
func (s *screen) name(p *phone.Pass) string {
	return p.Contents.Name(s.phone.Locale) + " (" + p.Serial + ")"
}

// show writes what has happened.
func (s *screen) show(e phone.Event) {
	whom := ""
	if e.Pass != nil {
		whom = s.name(e.Pass)
	}
	switch e.Kind {
	case phone.Changed:
		s.changed(e, whom)
	case phone.Refused:
		s.refused = true
		s.line(markBad, "refused", whom+": the old version stays, since the new one is bad")
		for _, text := range e.Texts {
			fmt.Fprintf(s.w, "    the phone's log says: %s\n", visible(text))
		}
	case phone.Again:
		s.line(markNothing, "waiting", "tries again soon: "+e.Err.Error())
	case phone.Failed:
		s.line(markBad, "given up", strings.TrimPrefix(whom+": "+e.Err.Error(), ": "))
	case phone.Unchanged:
		s.line(markNothing, "unchanged", whom)
	default:
		s.line(markGood, string(e.Kind), whom)
	}
}

// changed writes what the lock screen says, below the line of the pass.
func (s *screen) changed(e phone.Event, whom string) {
	if len(e.Messages) == 0 {
		whom += ": the lock screen says nothing of it"
	}
	s.line(markGood, "updated", whom)
	for _, message := range e.Messages {
		s.line(markMessage, "lock screen", message)
	}
}

// ended is how a command ends: an exchange that failed was told of already.
func (s *screen) ended(err error) error {
	if err != nil {
		if _, answered := errors.AsType[*phone.CodeError](err); answered || phone.Passing(err) {
			return status{code: exitNotDone}
		}
		return err
	}
	if s.refused {
		return status{code: exitPartly}
	}
	return nil
}

// list writes a line of the list.
func (s *screen) list(p *phone.Pass) {
	card := p.Contents.Card()
	state := "registered"
	switch {
	case card.Service == "":
		state = "without updates"
	case !p.Registered:
		state = "not registered"
	case p.Wanted:
		state = "newer one to fetch"
	}
	mark := markGood
	if !p.Registered && card.Service != "" {
		mark = markBad
	}
	if card.Voided {
		state += ", void"
	}
	fmt.Fprintf(s.w, "%s %s  %s  %s, since %s\n", mark, visible(p.Serial), visible(p.Contents.Name(s.phone.Locale)), state, p.Updated.Format("2006-01-02 15:04:05"))
}

// card writes what is on a pass.
func (s *screen) card(p *phone.Pass, file string) {
	c := p.Contents.Card()
	fmt.Fprintf(s.w, "%s\n", visible(p.Contents.Name(s.phone.Locale)))
	tab := tabwriter.NewWriter(s.w, 0, 0, 2, ' ', 0)
	for _, f := range c.Fields {
		label := p.Contents.Text(f.Label, s.phone.Locale)
		value := strings.ReplaceAll(p.Contents.Shown(f, s.phone.Locale), "\n", ", ")
		fmt.Fprintf(tab, "  %s\t%s\n", visible(cmp.Or(label, f.Key)), visible(value))
	}
	for _, line := range [][2]string{
		{"pass type", p.TypeID}, {"serial number", p.Serial}, {"web service", cmp.Or(c.Service, "none")},
		{"registered", yesNo(p.Registered)}, {"void", yesNo(c.Voided)}, {"ends", cmp.Or(c.Expires, "never")},
		{"Last-Modified", cmp.Or(p.Modified, "not fetched yet")}, {"file", file},
	} {
		fmt.Fprintf(tab, "  %s\t%s\n", line[0], visible(line[1]))
	}
	tab.Flush()
}
