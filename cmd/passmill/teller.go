package main

import (
	"fmt"
	"io"
	"sync"

	"passmill/jobs"
)

// tellAtMost is how many problems a run prints: a thousand lines of the same
// mistake help nobody, and check lists them all.
const tellAtMost = 25

// A teller prints problems of rows, without the values of cells, since what a
// run prints ends in logs. It is safe for concurrent use.
type teller struct {
	w     io.Writer
	meter *meter // whose live line has to go first
	mu    sync.Mutex
	n     int
}

func (t *teller) tell(p jobs.Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n++; t.n <= tellAtMost {
		t.meter.stop()
		fmt.Fprintf(t.w, "%s%s\n", severityMark(p.Severity), p)
	}
}

// rest says how many problems were not printed, and which command lists them.
func (t *teller) rest(command string) {
	if t.n > tellAtMost {
		fmt.Fprintf(t.w, "… and %s more; %s lists them all\n", thousands(t.n-tellAtMost), command)
	}
}

func severityMark(s jobs.Severity) string {
	if s == jobs.Refused {
		return ""
	}
	return string(s) + ": "
}
