package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestNightly runs a night over many rows of which one in a hundred has changed: just
// those passes change, and just the phones that hold one of them are to be pushed.
// NIGHT=1000000 does it with a million rows, on which the time and memory that it prints
// mean something.
func TestNightly(t *testing.T) {
	rows := campaign(t, "NIGHT", 1000)
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, rows, database(t))
			s.updated(publicLinks)
			job := mustRead(t, s.path("members.yaml"))
			s.write("members.yaml", strings.Replace(job, "output: {dir: out, bundle: FamilyID}", "links: true", 1)) // planned: a night presses nothing that nobody asks for
			s.do("make", "members.yaml")
			s.phonesOfTwo()
			s.members(func(i int) string {
				if i%100 == 1 {
					return "Platinum"
				}
				return "Gold"
			})
			start, peak, code, out := s.watch("make", "members.yaml")
			fits(t, start, peak)
			if want := fmt.Sprintf("%s planned, %s unchanged", thousands(rows/100), thousands(rows-rows/100)); code != exitDone || !strings.Contains(out, want) {
				t.Errorf("status %d, want %q:\n%s", code, want, out)
			}
			if n, want := s.query(`SELECT COUNT(*) FROM subscriptions WHERE due > 0`), rows/100; n != want {
				t.Errorf("%d phones are to be pushed, %d hold a pass that changed", n, want)
			}
		})
	}
}

// phonesOfTwo registers two phones for every tenth pass, behind the ledger's back; the
// second has the pass after that as well.
func (s *sandbox) phonesOfTwo() {
	s.t.Helper()
	row := `CAST(SUBSTR(serial, 2) AS INTEGER)`
	library := `CAST(PRINTF('%032d', %s) AS BLOB)`
	if s.database != "" {
		library = `CONVERT_TO(LPAD(CAST(%s AS TEXT), 32, '0'), 'UTF8')`
	}
	for _, device := range []string{"2 * " + row + " + 1", "2 * " + row + " + 2"} {
		s.exec(`INSERT INTO devices (id, library, created, seen)
			SELECT ` + device + `, ` + strings.Replace(library, "%s", device, 1) + `, 0, 0 FROM passes WHERE ` + row + ` % 10 = 0`)
		s.exec(`INSERT INTO registrations (pass_id, device_id, created) SELECT id, ` + device + `, 0 FROM passes WHERE ` + row + ` % 10 = 0`)
	}
	s.exec(`INSERT INTO registrations (pass_id, device_id, created) SELECT id, 2 * ` + row + `, 0 FROM passes WHERE ` + row + ` % 10 = 1`)
	s.exec(`INSERT INTO subscriptions (device_id, type_id, push_token, token_at) SELECT id, '` + pretendType + `', CAST(id AS TEXT), 0 FROM devices`)
}
