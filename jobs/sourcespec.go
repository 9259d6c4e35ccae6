package jobs

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// A SourceKind says what a [SourceSpec] reads.
type SourceKind string

// The kinds of sources. A job's file needs no kind: its other keys tell.
const (
	SourceFile   SourceKind = "file"   // a sheet of a workbook, or a CSV file
	SourceQuery  SourceKind = "query"  // the rows of an SQL query
	SourceTables SourceKind = "tables" // the four classic tables
)

// A SourceSpec says where rows come from: a sheet of a workbook or a CSV file, a
// query, or the four classic tables. It never holds the password of a database.
type SourceSpec struct {
	Kind SourceKind `yaml:"kind"` // told by the other keys if absent

	File   string `yaml:"file"`   // .xlsx, .csv or .tsv
	Sheet  string `yaml:"sheet"`  // of a workbook; the first if absent
	Header int    `yaml:"header"` // number of the header's row; 1 if absent
	Hidden string `yaml:"hidden"` // skip (the default) | keep hidden rows
	Fields string `yaml:"fields"` // the sheet with pass fields; one called Fields if absent

	Database    string `yaml:"database"`    // path of an SQLite file, or a postgres:// URL without a password
	DatabaseEnv string `yaml:"databaseEnv"` // or the environment variable that holds it
	Query       string `yaml:"query"`       // SELECT …; :name stands for a parameter
	Params      Params `yaml:"params"`      // values of the query's parameters
	Key         string `yaml:"key"`         // column that tells rows apart; that of the serial number if absent
	TimeZone    string `yaml:"timeZone"`    // IANA name in which points in time are shown; UTC if absent
}

// UnmarshalYAML implements [yaml.InterfaceUnmarshaler]: a bare word is a kind.
func (s *SourceSpec) UnmarshalYAML(unmarshal func(any) error) error {
	var word string
	if err := unmarshal(&word); err == nil {
		s.Kind = SourceKind(word)
		return nil
	}
	type plain SourceSpec // without this method
	return unmarshal((*plain)(s))
}

var _ yaml.InterfaceUnmarshaler = (*SourceSpec)(nil)

// complete fills in what the keys say together.
func (s *SourceSpec) complete() {
	switch {
	case s.Kind != "":
	case s.Query != "":
		s.Kind = SourceQuery
	default:
		s.Kind = SourceFile
	}
	if s.Kind == SourceFile && s.Header == 0 {
		s.Header = 1
	}
}

func (s *SourceSpec) validate() (errs []error) {
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("source: "+format, args...))
		}
	}
	switch s.Kind {
	case SourceFile:
		need(s.File != "", "file: is missing; name a workbook or a CSV file, or write a query:")
		need(s.Header > 0, "header: must be the number of the header's row, from 1")
		need(s.Hidden == "" || s.Hidden == "skip" || s.Hidden == "keep", "hidden: must be skip or keep, not %q", s.Hidden)
		need(s.Database+s.DatabaseEnv+s.Key+s.TimeZone == "" && s.Params == nil, "database:, databaseEnv:, params:, key: and timeZone: belong to a query:, which is missing")
	case SourceQuery, SourceTables:
		need(s.File+s.Sheet+s.Hidden+s.Fields == "" && s.Header == 0, "file:, sheet:, header:, hidden: and fields: don't go with a database; keep one of the two")
		need(s.Kind != SourceQuery || s.Query != "", "query: is missing; write the SELECT whose rows are wanted")
		need(s.Kind == SourceQuery || s.Query+s.Key == "" && s.Params == nil, "query:, params: and key: don't go with tables; remove them")
		need(s.Kind != SourceQuery || s.Database+s.DatabaseEnv != "", "database: is missing; name an SQLite file or a postgres:// URL, or under databaseEnv: the environment variable that holds one")
		need(s.Database == "" || s.DatabaseEnv == "", "has database: and databaseEnv:; keep one")
		need(!hasPassword(s.Database), "database: holds a password; put the whole URL into an environment variable and name that under databaseEnv:")
		_, err := time.LoadLocation(s.TimeZone)
		need(err == nil && s.TimeZone != "Local", "timeZone: %q is no time zone; write it as Europe/Berlin", s.TimeZone)
	default:
		errs = append(errs, errors.New("source: is none that is known; write {file: members.xlsx}, {database: …, query: …}, or tables"))
	}
	return errs
}

// hasPassword reports whether the URL of a database holds a password, which a
// job must not: it is copied, mailed and kept in the ledger.
func hasPassword(database string) bool {
	if !strings.Contains(database, "://") {
		return false
	}
	u, err := url.Parse(database)
	if err != nil {
		return strings.Contains(database, "@") // not readable, but it may hold one
	}
	_, set := u.User.Password()
	return set || u.Query().Has("password")
}
