package main

import "testing"

// TestComplaint: of what a process says its last error is told, and nothing of the lines
// before, which name serial numbers.
func TestComplaint(t *testing.T) {
	for said, want := range map[string]string{
		"members.csv, row 4: M00004 has no name\npassmill: job \"members\" can't start\n          there is no file \"members.csv\"\n": `job "members" can't start there is no file "members.csv"`,
		"passmill: the ledger is newer than this program\n":                                                                           "the ledger is newer than this program",
		"passmill: mail to ada@example.com fails\n":                                                                                   "mail to an address fails",
		"row 4: see passmill: a note\n":                                                                                               "",
		"":                                                                                                                            "",
	} {
		var last tail
		last.Write([]byte(said))
		if got := last.complaint(); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
