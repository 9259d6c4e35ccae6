//go:build unix

package table_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/jobstest"
	"passmill/jobs/table"
)

const typeID = "pass.com.example.card"

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// create makes the tables, a foundation and so many passes.
func create(t testing.TB, dsn string, passes int) {
	t.Helper()
	for range 2 { // the second time does nothing
		if _, err := table.Create(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dsn, `INSERT INTO pass_foundation VALUES ('pass.com.example.card', '2020-01-01 00:00:00', 'card', 'card')`)
	for i := range passes {
		addPass(t, dsn, fmt.Sprintf("S%04d", i+1))
	}
}

func addPass(t testing.TB, dsn, serial string) {
	t.Helper()
	run(t, dsn, fmt.Sprintf(`INSERT INTO pass_job (pass_type_identifier, serial_number) VALUES ('%s', '%s')`, typeID, serial),
		fmt.Sprintf(`INSERT INTO pass_job_field VALUES ('%s', '%s', 'FirstName', 'Ada'), ('%s', '%s', 'altText', NULL)`, typeID, serial, typeID, serial),
		fmt.Sprintf(`INSERT INTO pass_job_dictionary (pass_type_identifier, serial_number, section, position, key, value) VALUES ('%s', '%s', 'header_fields', 1, 'gate', 'A4')`, typeID, serial))
}

func openClassic(t testing.TB, dsn string) *table.Classic {
	t.Helper()
	c, err := table.OpenClassic(t.Context(), table.ClassicOptions{Database: dsn, TypeID: typeID, Now: now})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestClassicSource(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		create(t, dsn, 3)
		c := openClassic(t, dsn)
		jobstest.TestSource(t, c)
		var names []string
		for _, column := range c.Columns() {
			names = append(names, column.Name)
		}
		if want := []string{"SerialNumber", "FirstName", "altText", "headerFields"}; !slices.Equal(names, want) {
			t.Errorf("columns %q, want %q", names, want)
		}
		want := `row 2 (serial_number=S0002): text(S0002|) text(Ada|) empty(|) text([{"key":"gate","value":"A4"}]|)`
		if _, got, _ := strings.Cut(read(t, c)[1], ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestPages: several pages come in order and none is lost at their edges.
func TestPages(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		create(t, dsn, 0)
		series := `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1200) `
		run(t, dsn, `INSERT INTO pass_job (pass_type_identifier, serial_number) `+series+`SELECT '`+typeID+`', CAST(n AS VARCHAR(9)) FROM s`,
			`INSERT INTO pass_job_field `+series+`SELECT '`+typeID+`', CAST(n AS VARCHAR(9)), 'N', CAST(n AS VARCHAR(9)) FROM s`)
		c := openClassic(t, dsn)
		must(t, c.Count(t.Context()))
		seen := map[string]bool{}
		for row, err := range c.Rows(t.Context()) {
			must(t, err)
			serial := row.Cells[0].Text
			if seen[serial] || row.Cells[1].Text != serial || row.Origin.Row != len(seen)+1 {
				t.Fatalf("row %d is %s, with the field %s", row.Origin.Row, serial, row.Cells[1].Text)
			}
			seen[serial] = true
		}
		if len(seen) != 1200 || c.AtMost() != 1200 {
			t.Errorf("%d rows of %d, want 1200", len(seen), c.AtMost())
		}
	})
}

// mark marks rows as if a ledger had made some of them with what was read.
func mark(t testing.TB, c *table.Classic, made func(serial string) (known jobs.Known, ok bool), between func()) error {
	t.Helper()
	m, err := table.NewMarker(c, "cards")
	must(t, err)
	defer func() { must(t, m.Close()) }()
	for row, err := range c.Rows(t.Context()) {
		must(t, err)
		s := jobs.Staged{Row: row.Origin.Row, Serial: row.Cells[0].Text, Fingerprint: fingerprint(row.Cells[0].Text)}
		must(t, m.Taken(s, row.Mark))
	}
	between()
	return m.Mark(t.Context(), func(_ context.Context, serials []string) (map[string]jobs.Known, error) {
		known := map[string]jobs.Known{}
		for _, serial := range serials {
			if k, ok := made(serial); ok {
				known[serial] = k
			}
		}
		return known, nil
	})
}

func fingerprint(serial string) (h jobs.Hash) {
	copy(h[:], serial)
	return h
}

func good(serial string) (jobs.Known, bool) {
	return jobs.Known{Job: "cards", Fingerprint: fingerprint(serial), Name: serial + ".pkpass"}, true
}

// TestMark: a row is marked when its very content is made and has a file, and if
// nobody has updated it since it was read.
func TestMark(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		create(t, dsn, 7)
		c := openClassic(t, dsn)
		known := func(serial string) (jobs.Known, bool) {
			k, _ := good(serial)
			switch serial {
			case "S0002":
				k.Fingerprint = jobs.Hash{1} // an older content
			case "S0003":
				k.Name = "" // no file here
			case "S0004":
				k.Job = "others"
			case "S0005":
				return k, false // not made
			}
			return k, true
		}
		update := func() {
			run(t, dsn, `UPDATE pass_job SET updated = '2026-11-25 12:00:00.5' WHERE serial_number = 'S0006'`)
		}
		must(t, mark(t, c, known, update))
		open := func(what string, want ...string) {
			t.Helper()
			got, err := drain(t.Context(), c)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: got %q, %v; want %q", what, got, err, want)
			}
		}
		open("after the run", "S0002", "S0003", "S0004", "S0005", "S0006")
		must(t, mark(t, c, good, func() {}))
		open("after a second run")
		run(t, dsn, `UPDATE pass_job SET updated = '2026-11-25 12:00:00.501' WHERE serial_number = 'S0006'`,
			`UPDATE pass_job SET completed = FALSE WHERE serial_number = 'S0001'`,
			`INSERT INTO pass_job (pass_type_identifier, serial_number, completed) VALUES ('`+typeID+`', 'S0000', TRUE)`) // by somebody else
		open("updated, and opened again by hand", "S0001", "S0006")
		c.SetAll(true)
		open("all", "S0000", "S0001", "S0002", "S0003", "S0004", "S0005", "S0006", "S0007")
	})
}

// TestUntaken: a row that turned out to be refused is not marked.
func TestUntaken(t *testing.T) {
	dsn := newFile(t)
	create(t, dsn, 2)
	c := openClassic(t, dsn)
	m, err := table.NewMarker(c, "cards")
	must(t, err)
	defer m.Close()
	for row, err := range c.Rows(t.Context()) {
		must(t, err)
		must(t, m.Taken(jobs.Staged{Row: row.Origin.Row, Serial: row.Cells[0].Text, Fingerprint: fingerprint(row.Cells[0].Text)}, row.Mark))
	}
	m.Untaken([]int{1})
	must(t, m.Mark(t.Context(), func(_ context.Context, serials []string) (map[string]jobs.Known, error) {
		k, _ := good(serials[0])
		return map[string]jobs.Known{serials[0]: k}, nil
	}))
	if got, err := drain(t.Context(), c); err != nil || !slices.Equal(got, []string{"S0001"}) {
		t.Errorf("open are %q, %v", got, err)
	}
}

// TestBadRows: what contradicts itself in tables without constraints refuses the
// row that it belongs to, and no other.
func TestBadRows(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		create(t, dsn, 0)
		run(t, dsn, `DROP TABLE pass_job_field`, `DROP TABLE pass_job_dictionary`,
			`CREATE TABLE pass_job_field (pass_type_identifier VARCHAR(99), serial_number VARCHAR(99), name VARCHAR(99), value VARCHAR(99))`,
			`CREATE TABLE pass_job_dictionary (pass_type_identifier VARCHAR(99), serial_number VARCHAR(99), section VARCHAR(99), position INTEGER, key VARCHAR(99), label VARCHAR(99), value VARCHAR(99), change_message VARCHAR(99), attributes VARCHAR(99))`)
		problems := []struct{ serial, field, dictionary, want string }{
			{"a", "", "('headerField', 1, 'k', 'v', NULL)", `headerField: unknown-section: is no section of a pass (did you mean "headerFields"?)`},
			{"b", "", "('backFields', 1, 'k', 'v', NULL), ('back_fields', 1, 'l', 'v', NULL)", "backFields: two-positions: two of its dictionaries have position 1"},
			{"c", "", "('backFields', NULL, 'k', 'v', NULL)", "backFields: no-position"},
			{"d", "", "('backFields', 2, '', 'v', NULL)", "backFields: empty-key: its dictionary at position 2 has no key"},
			{"e", "", "('backFields', 1, 'k', 'v', '[1]')", "backFields: bad-dictionary: its dictionary at position 1 has attributes that are no JSON object"},
			{"f", "", `('backFields', 1, 'k', 'v', '{"value": 1}')`, "has value in its attributes too"},
			{"g", "", `('backFields', 1, 'k', '1,5', '{"currencyCode": "EUR"}')`, "has a value that is no number like 1234.5"},
			{"h", "('First_Name', 'x'), ('firstname', 'y')", "", "firstname: two-values"},
			{"i", "('serialNumber', 'x')", "", "serialNumber: two-values"},
			{"j", "('First_Name', 'x')", `('backFields', 2, 'k2', '<&"', NULL), ('backFields', 1, 'k1', '1.50', '{"b": [1], "numberStyle": "x"}'), ('backFields', 3, 'k3', NULL, NULL)`, ""},
		}
		for _, p := range problems {
			run(t, dsn, fmt.Sprintf(`INSERT INTO pass_job (pass_type_identifier, serial_number) VALUES ('%s', '%s')`, typeID, p.serial))
			with := func(into, values string) {
				if values != "" {
					run(t, dsn, "INSERT INTO "+into+" VALUES "+strings.ReplaceAll(values, "('", fmt.Sprintf("('%s', '%s', '", typeID, p.serial)))
				}
			}
			with("pass_job_field", p.field)
			with("pass_job_dictionary (pass_type_identifier, serial_number, section, position, key, value, attributes)", p.dictionary)
		}
		c := openClassic(t, dsn)
		i := 0
		for row, err := range c.Rows(t.Context()) {
			must(t, err)
			got := ""
			for _, problem := range row.Problems {
				got += fmt.Sprintf("%s: %s: %s", problem.Field, problem.Code, problem.Message)
				if problem.Severity != jobs.Refused || problem.Origin.Key != "serial_number="+problems[i].serial {
					t.Errorf("a problem of %s: %+v", problems[i].serial, problem)
				}
			}
			if want := problems[i].want; want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q", problems[i].serial, got, want)
			}
			if i++; i == len(problems) {
				want := `[{"key":"k1","value":1.50,"b":[1],"numberStyle":"x"},{"key":"k2","value":"<&\""}]`
				if !slices.ContainsFunc(row.Cells, func(cell jobs.Cell) bool { return cell.Text == want }) {
					t.Errorf("got %q, want %s among them", row.Cells, want)
				}
			}
		}
		if i != len(problems) {
			t.Errorf("%d rows, want %d", i, len(problems))
		}
	})
}

func TestFoundation(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		want := func(what, typeID, text string) {
			t.Helper()
			c, err := table.OpenClassic(t.Context(), table.ClassicOptions{Database: dsn, TypeID: typeID, Now: now})
			got := fmt.Sprint(err)
			if err == nil {
				got = c.Foundation().Stationery + " " + c.Foundation().Pattern()
				c.Close()
			}
			if !strings.Contains(got, text) {
				t.Errorf("%s: got %s, want %s", what, got, text)
			}
		}
		want("no tables", typeID, "`passmill tables create` makes those that are missing")
		if _, err := table.Create(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
		want("no row", "", "pass_foundation is empty")
		run(t, dsn, `INSERT INTO pass_foundation VALUES ('pass.a', '2027-01-01 00:00:00', 'next', 'card'), ('pass.a', '2026-11-25 12:00:01', 'soon', 'card')`)
		want("not yet", "pass.a", "in force yet: active_from is 2026-11-25 12:00, 2027-01-01 00:00 (UTC)")
		run(t, dsn, `INSERT INTO pass_foundation VALUES ('pass.a', '2026-11-25 12:00:00', 'now', 'card.pkpass'), ('pass.a', '2020-01-01 00:00:00', 'old', 'card')`)
		want("in force", "", "now {serial}/card.pkpass")
		want("another certificate", "pass.b", "no row for pass.b, the pass type of the certificate (there are pass.a)")
		run(t, dsn, `INSERT INTO pass_foundation VALUES ('pass.b', '2026-01-01 00:00:00', 'b', '{hash:2}/{serial}.pkpass')`)
		want("several", "", "several pass types (pass.a, pass.b)")
		want("a pattern", "pass.b", "b {hash:2}/{serial}.pkpass")
		run(t, dsn, `DROP TABLE pass_job_field`, `ALTER TABLE pass_job RENAME made_for TO made`)
		want("broken tables", "pass.a", "pass_job.made_for")
		want("broken tables", "pass.a", "pass_job_field.pass_type_identifier")
	})
}

// TestConstraints: the tables refuse what could only be a mistake.
func TestConstraints(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		create(t, dsn, 1)
		db := raw(t, dsn)
		db.SetMaxOpenConns(1)
		if !isPostgres(dsn) {
			_, err := db.Exec(`PRAGMA foreign_keys = ON`)
			must(t, err)
		}
		for _, statement := range []string{
			`INSERT INTO pass_foundation VALUES ('card', '2020-01-01', 'card', 'card')`,
			`INSERT INTO pass_foundation VALUES ('pass.com.example.card', '2020-01-01 00:00:00', 'card', 'card')`,
			`INSERT INTO pass_job (pass_type_identifier, serial_number) VALUES ('pass.com.example.card', '')`,
			`INSERT INTO pass_job (pass_type_identifier, serial_number) VALUES ('pass.com.example.card', 'S0001')`,
			`INSERT INTO pass_job_field VALUES ('pass.com.example.card', 'nobody', 'FirstName', 'x')`,
			`INSERT INTO pass_job_field VALUES ('pass.com.example.card', 'S0001', 'FirstName', 'x')`,
			`INSERT INTO pass_job_dictionary (pass_type_identifier, serial_number, section, position, key) VALUES ('pass.com.example.card', 'S0001', 'backFields', 1, '')`,
			`INSERT INTO pass_job_dictionary (pass_type_identifier, serial_number, section, position, key) VALUES ('pass.com.example.card', 'S0001', 'backFields', -1, 'k')`,
			`INSERT INTO pass_job_dictionary (pass_type_identifier, serial_number, section, position, key, attributes) VALUES ('pass.com.example.card', 'S0001', 'backFields', 1, 'k', '[]')`,
		} {
			if _, err := db.Exec(statement); err == nil {
				t.Errorf("was done: %s", statement)
			}
		}
		_, err := db.Exec(`DELETE FROM pass_job`)
		must(t, err)
		var left int
		must(t, db.QueryRow(`SELECT (SELECT COUNT(*) FROM pass_job_field) + (SELECT COUNT(*) FROM pass_job_dictionary)`).Scan(&left))
		if left != 0 {
			t.Errorf("%d rows are left of a pass that is gone", left)
		}
	})
}
