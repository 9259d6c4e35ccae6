package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"passmill/jobs"
)

// A meter shows how far a run has come: one live line on a terminal, a plain
// line every ten seconds elsewhere, since logs keep every line.
type meter struct {
	w        io.Writer
	terminal *os.File // nil if w is none
	phase    string
	started  time.Time // of the phase
	said     time.Time // when the last line was written
}

const (
	liveInterval  = 100 * time.Millisecond
	plainInterval = 10 * time.Second
)

func newMeter(w io.Writer) *meter {
	m := &meter{w: w, said: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		m.terminal = f
	}
	return m
}

// importing tells how many rows have been read, of about so many; 0 where nobody
// knows.
func (m *meter) importing(c jobs.Count, expected int) {
	text := thousands(c.Rows)
	if expected > c.Rows {
		text += " of " + thousands(expected)
	}
	m.show("reading", text+" rows", c.Rows, expected)
}

// pressing tells how far pressing has come.
func (m *meter) pressing(p jobs.Progress) {
	c := p.Count
	text := fmt.Sprintf("%s made, %s unchanged, %s refused", thousands(c.Made), thousands(c.Unchanged), thousands(c.Refused))
	m.show("pressing", text, c.Made, c.Made+p.Waiting)
}

func (m *meter) show(phase, text string, done, total int) {
	if m.phase != phase {
		m.phase, m.started = phase, time.Now()
	}
	interval := plainInterval
	if m.terminal != nil {
		interval = liveInterval
	}
	if time.Since(m.said) < interval {
		return
	}
	m.said = time.Now()
	line := phase + ": " + text + m.pace(done, total)
	if m.terminal == nil {
		fmt.Fprintln(m.w, line)
		return
	}
	if width, _, err := term.GetSize(int(m.terminal.Fd())); err == nil && len(line) > width-4 {
		line = line[:max(0, width-4)] // a line that wraps, by a ^C behind it too, can't be taken away again
	}
	fmt.Fprintf(m.w, "\r\x1b[K%s", line)
}

// stop takes the live line away.
func (m *meter) stop() {
	if m.terminal != nil {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}

// pace says how fast the phase is and when it will end.
func (m *meter) pace(done, total int) string {
	elapsed := time.Since(m.started).Seconds()
	if done == 0 || elapsed < 1 {
		return ""
	}
	rate := float64(done) / elapsed
	text := fmt.Sprintf(" (%s a second", thousands(int(rate)))
	if total > done {
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		text = fmt.Sprintf(" (%d %%, %s a second, %v left", 100*done/total, thousands(int(rate)), left.Round(time.Second))
	}
	return text + ")"
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// count writes a number with its noun: "1 row", "2,000 rows".
func count(n int, noun string) string {
	switch {
	case n != 1 && strings.HasSuffix(noun, "s"):
		noun += "es"
	case n != 1:
		noun += "s"
	}
	return thousands(n) + " " + noun
}
