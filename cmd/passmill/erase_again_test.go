package main

import (
	"strings"
	"testing"
)

// TestEraseKilled: killed in between, the same command finishes what was begun.
func TestEraseKilled(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := canarySandbox(t, database(t))
			for _, point := range []string{"ledger.erase.commit", "ledger.erase.committed", "ledger.bundle.commit", "ledger.leftover.commit"} {
				out, err := s.command([]string{"FAULT=" + point + ":1:exit"}, "erase", "--email", wanda.email, "--confirm").CombinedOutput()
				if err == nil {
					t.Errorf("%s was not passed:\n%s", point, out)
				}
			}
			s.says("was erased before", s.ok("erase", "--email", wanda.email, "--confirm"))
			if places := s.look(hers...); len(places) > 0 {
				t.Errorf("left: %q", places)
			}
			s.exits(exitPartly, "make", "members.yaml")
			s.ok("fsck", "--root", "root.pem", "members.yaml")
		})
	}
}

// TestEraseRestored: a backup from before brings nobody back, and the address gets no
// mails after it either.
func TestEraseRestored(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := canarySandbox(t, database(t))
			s.ok("backup", "old.backup")
			s.ok("erase", "--email", wanda.email, "--confirm")
			s.says("erased: 1 pass", s.ok("restore", "--force", "old.backup"))
			if places := s.look(hers...); len(places) > 0 {
				t.Errorf("left: %q", places)
			}
			s.says("person", s.ok("suppress", "list", "--find", wanda.email))
			s.says("is of a person who was erased", s.exits(exitPartly, "make", "members.yaml"))
			s.ok("fsck", "--root", "root.pem", "members.yaml")

			// A copy that was brought back by hand is not worked with.
			list := mustRead(t, s.path(erasedFile))
			s.write(erasedFile, list+strings.ReplaceAll(list[strings.IndexByte(list, '\n')+1:], "0", "1"))
			s.says("older than the list", s.exits(1, "make", "members.yaml"))
			s.ok("erase", "--again")
			s.exits(exitPartly, "make", "members.yaml")
		})
	}
}
