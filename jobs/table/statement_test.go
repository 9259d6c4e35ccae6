package table_test

import (
	"slices"
	"strings"
	"testing"

	"passmill/jobs/table"
)

func TestParseStatement(t *testing.T) {
	tests := []struct {
		query    string
		postgres string // the same as query if empty
		sqlite   string // the same as query if empty
		names    []string
	}{
		{query: "SELECT 1"},
		{"SELECT * FROM m WHERE club = :club AND (:club > 3 OR since >= :since)",
			"SELECT * FROM m WHERE club = $1 AND ($1 > 3 OR since >= $2)",
			"SELECT * FROM m WHERE club = ?1 AND (?1 > 3 OR since >= ?2)", []string{"club", "since"}},
		{"SELECT :a::int, ':b', \":c\", x::date -- :d\n/* :e /* :f */ */ , '12:30', 'it''s :g'",
			"SELECT $1::int, ':b', \":c\", x::date -- :d\n/* :e /* :f */ */ , '12:30', 'it''s :g'",
			"-", []string{"a"}},
		{"SELECT :größe;\n-- the end; really\n ; /* yes */", "SELECT $1\n-- the end; really\n  /* yes */", "SELECT ?1\n-- the end; really\n  /* yes */", []string{"größe"}},
		{"SELECT E'it\\'s :a', $$ :b ' $$, $x$ $$ :c $x$, a$b, :d", "SELECT E'it\\'s :a', $$ :b ' $$, $x$ $$ :c $x$, a$b, $1", "-", []string{"d"}},
		{"SELECT l[1:2], l[i:n], l[:a], ARRAY[:b, :c], ARRAY[[:b],[:d]], f(x)[1 : n], l[1:2][:e]",
			"SELECT l[1:2], l[i:n], l[$1], ARRAY[$2, $3], ARRAY[[$2],[$4]], f(x)[1 : n], l[1:2][$5]", "-", []string{"a", "b", "c", "d", "e"}},
		{"SELECT j ? 'a', j ?| ARRAY['x'], j @> '{}', j #>> '{a}', f(a := :b)",
			"SELECT j ? 'a', j ?| ARRAY['x'], j @> '{}', j #>> '{a}', f(a := $1)", "-", []string{"b"}},
		{"SELECT [a:b], `c:d` FROM t WHERE x = :e", "-", "SELECT [a:b], `c:d` FROM t WHERE x = ?1", []string{"e"}},
		{"SELECT '\\' || :a, 'b'", "SELECT '\\' || $1, 'b'", "SELECT '\\' || ?1, 'b'", []string{"a"}},
		{query: " (VALUES (1)) "},
	}
	for _, test := range tests {
		for _, postgres := range []bool{true, false} {
			want := test.sqlite
			if postgres {
				want = test.postgres
			}
			if want == "-" {
				continue
			}
			if want == "" {
				want = test.query
			}
			got, names, err := table.ParseStatement(test.query, postgres)
			if err != nil || got != want || !slices.Equal(names, test.names) {
				t.Errorf("postgres %v: %s\ngot  %s %q, %v\nwant %s %q", postgres, test.query, got, names, err, want, test.names)
			}
		}
	}
}

func TestParseStatementRefuses(t *testing.T) {
	for query, want := range map[string]string{
		"":                                  "empty",
		" -- nothing\n;":                    "empty",
		"DELETE FROM m":                     "must be a SELECT",
		"SELECT 1; DROP TABLE m":            "more than one statement",
		"SELECT 1) AS q; --":                ") without its (",
		"SELECT (1":                         "( that is never closed",
		"SELECT 'x":                         "' that is never closed",
		`SELECT "x`:                         `" that is never closed`,
		"SELECT 1 /* x":                     "comment /* that is never closed",
		"SELECT * FROM m WHERE a = $1":      "begins with $; write parameters as :name",
		"SELECT * FROM m WHERE a = ?":       "begins with ?; write parameters as :name",
		"SELECT * FROM m WHERE a = @club":   "begins with @; write parameters as :name",
		"SELECT * FROM m WHERE a = $abc$ x": "$abc$ that is never closed",
	} {
		postgres := strings.Contains(query, "$")
		if _, _, err := table.ParseStatement(query, postgres); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want %q", query, err, want)
		}
	}
}

// FuzzParseStatement: whatever the query, without parameters it is copied byte
// for byte but for semicolons.
func FuzzParseStatement(f *testing.F) {
	for _, seed := range []string{"SELECT :a, ':b'", "SELECT E'\\'' || $$x$$ -- \n", "WITH a AS (SELECT 1) SELECT l[1:2]"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, query string, postgres bool) {
		got, names, err := table.ParseStatement(query, postgres)
		if err != nil || len(names) > 0 {
			return
		}
		if bare := strings.ReplaceAll(query, ";", ""); strings.ReplaceAll(got, ";", "") != bare {
			t.Errorf("%q became %q", query, got)
		}
	})
}
