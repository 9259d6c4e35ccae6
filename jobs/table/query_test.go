//go:build unix

package table_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/jobstest"
	"passmill/jobs/ledger/pgtest"
	"passmill/jobs/table"
)

func TestSource(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		run(t, dsn, `CREATE TABLE m (id INTEGER, name VARCHAR(20))`, `INSERT INTO m VALUES (3, 'c'), (1, 'a'), (2, 'b'), (2, 'bb')`)
		jobstest.TestSource(t, openQuery(t, table.QueryOptions{Database: dsn, SQL: "SELECT * FROM m ORDER BY name DESC;\n-- all of them", Key: "ID"}))
	})
}

// TestRows: rows come in the order of the key, those of one key together, and
// say how they are found again.
func TestRows(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		run(t, dsn, `CREATE TABLE m (id VARCHAR(20), name VARCHAR(20))`, `INSERT INTO m VALUES ('z', NULL), ('a', 'Ada'), ('b', 'x'), ('b', 'x')`)
		q := openQuery(t, table.QueryOptions{Database: dsn, SQL: "SELECT id, name FROM m", Key: "id"})
		must(t, q.Count(t.Context()))
		got := read(t, q)
		for i, row := range got {
			_, got[i], _ = strings.Cut(row, ", ")
		}
		want := []string{"row 1 (id=a): text(a|) text(Ada|)", "row 2 (id=b): text(b|) text(x|)", "row 3 (id=b): text(b|) text(x|)", "row 4 (id=z): text(z|) empty(|)"}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if q.AtMost() != 4 {
			t.Errorf("at most %d rows, want 4", q.AtMost())
		}
	})
}

func TestPostgresTypes(t *testing.T) {
	dsn := pgtest.Start(t)
	run(t, dsn, `CREATE TYPE tier AS ENUM ('Gold', 'Basic')`, `CREATE DOMAIN points AS numeric(40, 3) CHECK (VALUE > 0)`)
	tests := map[string]string{
		`1::smallint`: "number(1|1)", `9223372036854775807`: "number(9223372036854775807|9223372036854775807)",
		`123456789012345678901234567890.123456789`: "number(123456789012345678901234567890.123456789|123456789012345678901234567890.123456789)",
		`1e30::numeric`:                         "number(1000000000000000000000000000000|1000000000000000000000000000000)",
		`12.5::points`:                          "number(12.500|12.500)",
		`1e21::float8`:                          "number(1000000000000000000000|1000000000000000000000)",
		`0.1::float4`:                           "number(0.1|0.1)",
		`1.5e-7::float8`:                        "number(0.00000015|0.00000015)",
		`'NaN'::float8`:                         "error(NaN|)",
		`'NaN'::numeric`:                        "error(NaN|)",
		`'-Infinity'::float4`:                   "error(Infinity|)",
		`'1234.5'::money`:                       "number(1234.50|1234.50)",
		`TRUE`:                                  "bool(true|true)",
		`NULL::int`:                             "empty(|)",
		`'x '::char(5)`:                         "text(x|)",
		`' x '::text`:                           "text( x |)",
		`'Gold'::tier`:                          "text(Gold|)",
		`'2026-12-31'::date`:                    "date(2026-12-31|2026-12-31T00:00:00)",
		`'infinity'::date`:                      "text(infinity|)",
		`'0044-03-15 BC'::date`:                 "text(0044-03-15 BC|)",
		`'2026-12-31 23:30:00.75'::timestamp`:   "date(2026-12-31 23:30|2026-12-31T23:30:00)",
		`'2026-12-31 23:30:01-05'::timestamptz`: "date(2027-01-01 05:30:01|2027-01-01T05:30:01+01:00)",
		`'2026-07-01 00:00:00+05:30'::timestamptz`:     "date(2026-06-30 20:30|2026-06-30T20:30:00+02:00)",
		`'1890-01-01 00:00:00+00'::timestamptz`:        "date(1890-01-01 00:53:28|1890-01-01T00:53:28+00:53)",
		`'18:30'::time`:                                "text(18:30:00|)",
		`'{"a": [1, "x"]}'::jsonb`:                     `text({"a": [1, "x"]}|)`,
		`'{"a":1}'::json`:                              `text({"a":1}|)`,
		`'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid`: "text(6ba7b810-9dad-11d1-80b4-00c04fd430c8|)",
		`ARRAY[1, 2]`:                                  "text([1,2]|)",
		`ARRAY['a"b', NULL]`:                           `text(["a\"b",null]|)`,
		`'3 days'::interval`:                           "text(3 days|)",
	}
	for expression, want := range tests {
		for _, zone := range []string{"", "&TimeZone=Asia/Tokyo"} { // the session's
			q := openQuery(t, table.QueryOptions{Database: dsn + zone, SQL: "SELECT 1 AS id, " + expression + " AS x", Key: "id", TimeZone: "Europe/Berlin"})
			for row, err := range q.Rows(t.Context()) {
				must(t, err)
				if got := show(row.Cells[1]); got != want {
					t.Errorf("%s: got %s, want %s", expression, got, want)
				}
			}
		}
	}
}

func TestSQLiteTypes(t *testing.T) {
	dsn := newFile(t)
	run(t, dsn, `CREATE TABLE m (id INTEGER PRIMARY KEY, i INTEGER, r REAL, n NUMERIC(10, 2), s VARCHAR(10), b BOOLEAN, d DATE, dt DATETIME, ts TIMESTAMP, j JSON, x)`,
		`INSERT INTO m VALUES (1, 9223372036854775807, 1e21, '1.50', '0042', 1, '2026-12-31', '2026-12-31 18:00:00', '2026-07-01T12:00:30Z', '{"a":1}', x'00')`,
		`INSERT INTO m VALUES (2, 'many', 9e999, 'x', 42, 5, 20260101, '2026-12-31T18:00', '2026-07-01 12:00:30.5+02:00', NULL, 7)`)
	got := read(t, openQuery(t, table.QueryOptions{Database: dsn, SQL: "SELECT * FROM m", Key: "id", TimeZone: "Europe/Berlin"}))
	want := []string{
		`members.db, row 1 (id=1): number(1|1) number(9223372036854775807|9223372036854775807) number(1000000000000000000000|1000000000000000000000)` +
			` number(1.5|1.5) text(0042|) bool(true|true) date(2026-12-31|2026-12-31T00:00:00) date(2026-12-31 18:00|2026-12-31T18:00:00)` +
			` date(2026-07-01 14:00:30|2026-07-01T14:00:30+02:00) text({"a":1}|) error(binary data|)`,
		`members.db, row 2 (id=2): number(2|2) text(many|) error(Infinity|) text(x|) text(42|) number(5|5) number(20260101|20260101)` +
			` date(2026-12-31 18:00|2026-12-31T18:00:00) date(2026-07-01 12:00:30|2026-07-01T12:00:30+02:00) empty(|) number(7|7)`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestParameters(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		run(t, dsn, `CREATE TABLE m (id INTEGER, club INTEGER, updated TIMESTAMP)`,
			`INSERT INTO m VALUES (1, 7, '2026-11-25 10:00:00'), (2, 7, '2026-11-25 12:00:00'), (3, 8, '2026-11-25 12:00:00')`)
		q := openQuery(t, table.QueryOptions{
			Database: dsn, SQL: `SELECT id, ':no' AS "why:not" FROM m WHERE club = :club AND updated >= :since AND '12:30' <> ''`, Key: "id", Params: map[string]string{"club": "7"},
		})
		ids := func() (ids string) {
			for row, err := range q.Rows(t.Context()) {
				must(t, err)
				ids += row.Cells[0].Text
			}
			return ids
		}
		if !q.HasSince() || ids() != "12" {
			t.Errorf("without a time: got %q, want 12", ids())
		}
		q.SetSince(time.Date(2026, 11, 25, 12, 0, 0, 0, time.FixedZone("", 3600)))
		must(t, q.Count(t.Context()))
		if ids() != "2" || q.AtMost() != 1 {
			t.Errorf("with a time: got %q of %d, want 2 of 1", ids(), q.AtMost())
		}
	})
}

// TestQueryMistakes: what is wrong is said in the words of the job, all at once.
func TestQueryMistakes(t *testing.T) {
	pg, file := pgtest.Start(t), newFile(t)
	for _, dsn := range []string{pg, file} {
		run(t, dsn, `CREATE TABLE m (id INTEGER, name VARCHAR(20), Tier VARCHAR(9))`, `INSERT INTO m VALUES (1, 'Secret', 'x')`)
	}
	tests := []struct {
		dsn, sql, key string
		params        map[string]string
		want          []string
	}{
		{file, "SELECT id, id, name AS Full_Name, name AS fullname FROM m", "", nil, []string{`"id" and "id" have one name`, `"Full_Name" and "fullname"`}},
		{pg, "SELECT id, id, 1 FROM m", "", nil, []string{`"id" and "id" have one name`, "column 3 has no name"}},
		{pg, "SELECT id, 'x'::bytea AS photo FROM m", "", nil, []string{`column "photo" holds binary data`}},
		{file, "SELECT id FROM m", "member", nil, []string{`key: the query has no column "member"`}},
		{file, "SELECT id FROM m WHERE id = :clb AND id > :lowest", "", map[string]string{"club": "1", "since": ""},
			[]string{`:clb has no value; write it under params: (did you mean "club"?)`, ":lowest has no value", "the query has no :club", "since is set by passmill"}},
		{pg, "SELECT id FROM m WHERE :club IS NULL", "", map[string]string{"club": "1"}, []string{"data type of parameter :club", ":club::int"}},
		{pg, "SELECT id FROM m WHERE id = :club", "", map[string]string{"club": "seven"}, []string{"invalid input syntax for type integer", "params:"}},
		{pg, "SELECT id, nam FROM m", "", nil, []string{`column "nam" does not exist`}},
		{file, "SELECT id, nam FROM m", "", nil, []string{"no such column: nam"}},
		{pg, "WITH gone AS (DELETE FROM m RETURNING id) SELECT id FROM gone", "", nil, []string{"data-modifying statement must be at the top level"}},
		{"postgres://db.example.com/crm?sslmode=disable", "SELECT 1", "", nil, []string{"must verify the server"}},
		{"mysql://x", "SELECT 1", "", nil, []string{"SQLite file or a postgres:// URL"}},
		{filepath.Join(t.TempDir(), "none.db"), "SELECT 1", "", nil, []string{`none.db"; name the right one`}},
	}
	for _, test := range tests {
		_, err := table.OpenQuery(t.Context(), table.QueryOptions{Database: test.dsn, SQL: test.sql, Key: test.key, Params: test.params})
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s:\ngot error %v\nwant %q", test.sql, err, want)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), "none.db")); err == nil {
		t.Error("a missing file was made")
	}
	// What a server says of a row's value is not repeated.
	for sql, want := range map[string]string{
		"SELECT id, name::int AS n FROM m":                                    `invalid input syntax for type integer: "…"; look for the row`,
		"SELECT id, (REPLACE(name, 'Secret', '4711471147'))::int AS n FROM m": `value "…" is out of range for type integer; look for the row`,
	} {
		_, err := drain(t.Context(), openQuery(t, table.QueryOptions{Database: pg, SQL: sql, Key: "id"}))
		if err == nil || strings.Contains(err.Error(), "Secret") || strings.Contains(err.Error(), "4711") || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

func TestBadKeys(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		run(t, dsn, `CREATE TABLE m (id INTEGER, club INTEGER)`, `INSERT INTO m SELECT a.n, 1 FROM (WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1001) SELECT n FROM s) AS a`,
			`INSERT INTO m VALUES (NULL, 2), (NULL, 3)`)
		q := openQuery(t, table.QueryOptions{Database: dsn, SQL: "SELECT * FROM m", Key: "id"})
		if err := q.Count(t.Context()); err == nil || !strings.Contains(err.Error(), "the key id is NULL in 2 of the rows") {
			t.Errorf("count: got error %v", err)
		}
		if _, err := drain(t.Context(), q); err == nil || !strings.Contains(err.Error(), "the key id is NULL") {
			t.Errorf("rows: got error %v", err)
		}
		must(t, q.SetKey("club"))
		if _, err := drain(t.Context(), q); err == nil || !strings.Contains(err.Error(), "more than 1000 rows have one value in the key club, which must tell rows apart") {
			t.Errorf("rows of one key: got error %v", err)
		}
	})
}

// TestReadOnly: a query can't write, whatever it calls.
func TestReadOnly(t *testing.T) {
	dsn := pgtest.Start(t)
	run(t, dsn, `CREATE TABLE m (id INTEGER)`, `INSERT INTO m VALUES (1)`,
		`CREATE FUNCTION wipe() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN DELETE FROM m; RETURN 1; END $$`)
	q := openQuery(t, table.QueryOptions{Database: dsn, SQL: "SELECT wipe() AS id", Key: "id"})
	if _, err := drain(t.Context(), q); err == nil || !strings.Contains(err.Error(), "a job only reads") {
		t.Errorf("got error %v", err)
	}
}

// drain reads a source to its end and returns the texts of its first column.
func drain(ctx context.Context, s jobs.Source) (first []string, err error) {
	for row, err := range s.Rows(ctx) {
		if err != nil {
			return first, err
		}
		first = append(first, row.Cells[0].Text)
	}
	return first, nil
}
