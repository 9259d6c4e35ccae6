package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"passmill/jobs"
)

// A meter shows how far a run has come: one live line on a terminal, a plain
// line every ten seconds elsewhere, since logs keep every line.
type meter struct {
	w       io.Writer
	live    bool
	started time.Time
	said    time.Time // when the last plain line was written
	bar     *progressbar.ProgressBar
	phase   string
}

const plainInterval = 10 * time.Second

func newMeter(w io.Writer) *meter {
	return &meter{w: w, live: isTerminal(w), started: time.Now(), said: time.Now()}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// importing tells that so many of expected rows have been read; expected is 0
// where nobody knows.
func (m *meter) importing(c jobs.Count, expected int) {
	m.show("reading", c.Rows, expected, c)
}

// pressing tells how far pressing has come.
func (m *meter) pressing(p jobs.Progress) {
	m.show("pressing", p.Count.Made, p.Count.Made+p.Waiting, p.Count)
}

func (m *meter) show(phase string, done, total int, c jobs.Count) {
	if m.phase != phase {
		m.phase, m.started = phase, time.Now()
		m.stop()
	}
	if m.live {
		m.draw(done, total, c)
		return
	}
	if time.Since(m.said) < plainInterval {
		return
	}
	m.said = time.Now()
	fmt.Fprintf(m.w, "%s: %s%s\n", phase, counts(c), m.pace(done, total))
}

func (m *meter) draw(done, total int, c jobs.Count) {
	if total == 0 {
		total = -1 // a spinner
	}
	if m.bar == nil {
		m.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(m.w), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(20), progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(),
		)
	}
	m.bar.Describe(m.phase + ": " + counts(c))
	m.bar.Set(done) //nolint:errcheck // a line that can't be drawn is no reason to stop
}

// stop takes the live line away.
func (m *meter) stop() {
	if m.bar != nil {
		m.bar.Clear() //nolint:errcheck // as above
		m.bar = nil
	}
}

// pace says how fast the phase is and when it will end.
func (m *meter) pace(done, total int) string {
	elapsed := time.Since(m.started).Seconds()
	if done == 0 || elapsed <= 0 {
		return ""
	}
	rate := float64(done) / elapsed
	text := fmt.Sprintf(" (%s a second", thousands(int(rate)))
	if total > done {
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text + ")"
}

func counts(c jobs.Count) string {
	return fmt.Sprintf("%s made, %s unchanged, %s refused", thousands(c.Made), thousands(c.Unchanged), thousands(c.Refused))
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
