package sheet

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"passmill/jobs"
)

// maxFields is how many fields a pass may have: more are a mistake, and would
// have to be held in memory at once.
const maxFields = 200

// A fieldStore holds pass fields where they don't grow the memory, to be asked for
// those of some passes: a database in a temporary file, which only its descriptor
// leads to where the system allows that.
type fieldStore struct {
	db     *sql.DB
	insert *sql.Stmt
	some   *sql.Stmt
	tx     *sql.Tx
	path   string
}

// passesAtOnce is how many passes are looked up at once.
const passesAtOnce = 128

const fieldTables = `
	PRAGMA journal_mode = OFF;
	PRAGMA synchronous = OFF;
	PRAGMA locking_mode = EXCLUSIVE;
	PRAGMA cache_size = -16384;
	CREATE TABLE fields (
		row      INTEGER PRIMARY KEY,
		serial   TEXT    NOT NULL,
		section  INTEGER NOT NULL,
		position REAL    NOT NULL,
		key      TEXT    NOT NULL,
		data     TEXT    NOT NULL,
		problems TEXT    NOT NULL
	);
	CREATE TABLE passes (serial TEXT PRIMARY KEY) WITHOUT ROWID;`

func newFieldStore(ctx context.Context, dir *folder) (*fieldStore, error) {
	file, err := dir.create()
	if err != nil {
		return nil, err
	}
	path := file.Name() // the name is free again, in a folder that is ours
	if err := file.Close(); err != nil {
		return nil, err
	}
	os.Remove(path)
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	if filepath.VolumeName(path) != "" {
		u.Path = "/" + u.Path
	}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	s := &fieldStore{db: db, path: path}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(full(err), s.close())
	}
	return s, nil
}

func (s *fieldStore) prepare(ctx context.Context) (err error) {
	if _, err := s.db.ExecContext(ctx, fieldTables); err != nil {
		return err
	}
	os.Remove(s.path) // where open files can be removed, a killed process leaves nothing
	if s.tx, err = s.db.BeginTx(context.WithoutCancel(ctx), nil); err != nil {
		return err
	}
	s.insert, err = s.tx.PrepareContext(ctx, `INSERT INTO fields (row, serial, section, position, key, data, problems) VALUES (?, ?, ?, ?, ?, ?, ?)`)
	return err
}

func (s *fieldStore) add(ctx context.Context, f passField) error {
	problems := ""
	if f.problems != nil {
		text, err := json.Marshal(f.problems)
		if err != nil {
			return err
		}
		problems = string(text)
	}
	_, err := s.insert.ExecContext(ctx, f.row, f.serial, f.section, f.position, f.key, string(f.data), problems)
	return full(err)
}

// finish makes what was added ready to be asked for.
func (s *fieldStore) finish(ctx context.Context) error {
	_, err := s.tx.ExecContext(ctx, `CREATE INDEX fields_serial ON fields (serial, row)`)
	if err == nil {
		err = s.tx.Commit()
	}
	if err != nil {
		return full(err)
	}
	s.some, err = s.db.PrepareContext(ctx, `SELECT serial, section, position, row, key, data, problems FROM fields WHERE serial IN (?`+
		strings.Repeat(", ?", passesAtOnce-1)+`) ORDER BY serial, section, position, row`)
	return full(err)
}

// crowded calls f with each serial number that has more than maxFields fields, and
// the row of the first that is too much.
func (s *fieldStore) crowded(ctx context.Context, f func(serial string, row int) error) error {
	const query = `SELECT serial FROM fields WHERE serial > ? GROUP BY serial HAVING COUNT(*) > ? ORDER BY serial LIMIT 1`
	const surplus = `SELECT row FROM fields WHERE serial = ? ORDER BY row LIMIT 1 OFFSET ?`
	for after := ""; ; {
		var serial string
		err := s.db.QueryRowContext(ctx, query, after, maxFields).Scan(&serial)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		var row int
		if err == nil {
			err = s.db.QueryRowContext(ctx, surplus, serial, maxFields).Scan(&row)
		}
		if err == nil {
			err = f(serial, row)
		}
		if err != nil {
			return full(err)
		}
		after = serial
	}
}

// cut drops the fields of a pass behind a row, which gets a problem.
func (s *fieldStore) cut(ctx context.Context, serial string, row int, p jobs.Problem) error {
	text, err := json.Marshal([]jobs.Problem{p})
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM fields WHERE serial = ? AND row > ?`, serial, row); err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `UPDATE fields SET problems = ? WHERE row = ?`, string(text), row)
	return err
}

// met notes that there are passes with these serial numbers.
func (s *fieldStore) met(ctx context.Context, serials []any) error {
	if len(serials) == 0 {
		return nil
	}
	_, err := s.db.ExecContext(ctx, `INSERT OR IGNORE INTO passes (serial) VALUES (?)`+strings.Repeat(", (?)", len(serials)-1), serials...)
	return full(err)
}

// strays calls f with the fields whose serial number was never met, in the order
// of their rows, but for those without one; more is how many there are beyond
// limit.
func (s *fieldStore) strays(ctx context.Context, limit int, f func(row int, serial string)) (more int, err error) {
	const of = ` FROM fields WHERE serial <> '' AND NOT EXISTS (SELECT 1 FROM passes WHERE passes.serial = fields.serial)`
	rows, err := s.db.QueryContext(ctx, `SELECT row, serial`+of+` ORDER BY row LIMIT ?`, limit)
	if err != nil {
		return 0, full(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var row int
		var serial string
		if err := rows.Scan(&row, &serial); err != nil {
			return 0, err
		}
		f(row, serial)
		n++
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || n < limit {
		return 0, full(err)
	}
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*)`+of).Scan(&more)
	return more - n, full(err)
}

// fields returns the fields of up to passesAtOnce passes by serial number, each pass's by
// section and position.
func (s *fieldStore) fields(ctx context.Context, serials []string) (map[string][]passField, error) {
	args := make([]any, passesAtOnce)
	for i := range args {
		args[i] = serials[min(i, len(serials)-1)]
	}
	rows, err := s.some.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string][]passField)
	for rows.Next() {
		var f passField
		var problems string
		if err := rows.Scan(&f.serial, &f.section, &f.position, &f.row, &f.key, &f.data, &problems); err != nil {
			return nil, err
		}
		if problems != "" {
			if err := json.Unmarshal([]byte(problems), &f.problems); err != nil {
				return nil, fmt.Errorf("read back the problems of row %d: %w", f.row, err)
			}
		}
		found[f.serial] = append(found[f.serial], f)
	}
	return found, errors.Join(rows.Err(), rows.Close())
}

func (s *fieldStore) close() error {
	if s.tx != nil {
		s.tx.Rollback() // does nothing after Commit
	}
	err := s.db.Close()
	os.Remove(s.path)
	return err
}
