package main

import (
	"strings"
	"testing"

	"passmill/jobs"
)

// TestVisible: what could steer a terminal is written out, and quotes are left alone.
func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		`job "members" is Zoë's`: `job "members" is Zoë's`,
		"a\nb\x1b[2Jc\u202ed":    `a\nb\x1b[2Jc\u202ed`,
		`back\slash`:             `back\\slash`,
		`\"`:                     `\\"`,
	} {
		if got := visible(text); got != want {
			t.Errorf("visible(%q) is %s, not %s", text, got, want)
		}
	}
}

// TestRunShowFailure: why a run failed stands there once, a line for each reason.
func TestRunShowFailure(t *testing.T) {
	run := jobs.Run{ID: 7, Key: jobs.RunKey{Job: "members"}, Failure: "job \"members\" can't start\nsource: there is no file"}
	j := runJSONOf(run)
	j.Slots = []*slotLine{slotLineOf(jobs.Slot{Local: "2026-11-26T02:30 UTC", State: jobs.SlotFailed, Reason: run.Failure})}
	var out strings.Builder
	if err := j.print(&out, run); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"           job \"members\" can't start\n           source: there is no file\n", "slot     2026-11-26T02:30 UTC: failed\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, &out)
		}
	}
}
