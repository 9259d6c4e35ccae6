package table

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lib/pq"

	"passmill/jobs"
	"passmill/jobs/fault"
)

// FaultPoints are the names of all fault points of the package, for tests that
// walk them.
var FaultPoints = []string{"table.mark", "table.marked"}

// markRows is how many rows are marked in one transaction.
const markRows = 500

// A Marker marks the rows of pass_job as completed. While rows are imported it
// notes in a file of its own which version of each was taken; when their passes
// are made it asks the ledger which of them are, and marks those, each only if it
// is still as it was read: what was updated meanwhile stays open.
type Marker struct {
	of      *Classic
	job     string
	file    *os.File
	w       *bufio.Writer
	untaken map[int]bool // numbers of rows that turned out to be refused
}

// NewMarker returns a marker for the rows of a source that a job makes. The
// caller closes it.
func NewMarker(of *Classic, job string) (*Marker, error) {
	file, err := os.CreateTemp("", "passmill-marks-")
	if err != nil {
		return nil, fmt.Errorf("note which rows are read: %w", err)
	}
	return &Marker{of: of, job: job, file: file, w: bufio.NewWriter(file), untaken: map[int]bool{}}, nil
}

// Taken is an importer's.
func (m *Marker) Taken(s jobs.Staged, mark string) error {
	var buf [1024]byte
	record := binary.AppendUvarint(buf[:0], uint64(s.Row))
	for _, text := range []string{s.Serial, mark, string(s.Fingerprint[:])} {
		record = binary.AppendUvarint(record, uint64(len(text)))
		record = append(record, text...)
	}
	if _, err := m.w.Write(record); err != nil {
		return fmt.Errorf("note which rows are read: %w", err)
	}
	return nil
}

// Untaken is an importer's.
func (m *Marker) Untaken(rows []int) {
	for _, row := range rows {
		m.untaken[row] = true
	}
}

// Close deletes the notes.
func (m *Marker) Close() error {
	return errors.Join(m.file.Close(), os.Remove(m.file.Name()))
}

// A version is a row as it was read, and what its pass was to be.
type version struct {
	row, mark   string // serial number in pass_job, and the updated mark
	serial      string // of the pass
	fingerprint jobs.Hash
}

// Mark marks the rows whose passes are made: those that known, the ledger's,
// knows with the content that was read and with a file.
func (m *Marker) Mark(ctx context.Context, known func(ctx context.Context, serials []string) (map[string]jobs.Known, error)) (err error) {
	if err := m.w.Flush(); err != nil {
		return fmt.Errorf("note which rows are read: %w", err)
	}
	if _, err := m.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	db, err := open(ctx, m.of.dsn, toWrite)
	if err != nil {
		return fmt.Errorf("mark rows as completed: %w", err)
	}
	defer func() { err = errors.Join(err, db.close()) }()
	r := bufio.NewReader(m.file)
	for {
		batch, err := m.batch(r)
		if err != nil || len(batch) == 0 {
			return err
		}
		if batch, err = m.made(ctx, batch, known); err != nil {
			return err
		}
		if len(batch) == 0 {
			continue
		}
		if err := again(ctx, func() error { return m.write(ctx, db, batch) }); err != nil {
			return fmt.Errorf("mark rows of %s as completed: %w\nthe passes are made; run the same command again to mark them", db.name, err)
		}
	}
}

// batch reads the next notes; none are left if there are none in it.
func (m *Marker) batch(r *bufio.Reader) (batch []version, err error) {
	for len(batch) < markRows {
		row, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return batch, nil
		}
		var texts [3]string
		for i := range texts {
			if err == nil {
				texts[i], err = readText(r)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("read which rows were read: %w", err)
		}
		if !m.untaken[int(row)] {
			mark, row, _ := strings.Cut(texts[1], markCut)
			batch = append(batch, version{row, mark, texts[0], jobs.Hash([]byte(texts[2]))})
		}
	}
	return batch, nil
}

func readText(r *bufio.Reader) (string, error) {
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return "", err
	}
	text := make([]byte, size)
	_, err = io.ReadFull(r, text)
	return string(text), err
}

// made returns those versions that the ledger has made.
func (m *Marker) made(ctx context.Context, batch []version, known func(context.Context, []string) (map[string]jobs.Known, error)) (made []version, err error) {
	serials := make([]string, len(batch))
	for i, v := range batch {
		serials[i] = v.serial
	}
	passes, err := known(ctx, serials)
	if err != nil {
		return nil, err
	}
	for _, v := range batch {
		if k, ok := passes[v.serial]; ok && k.Fingerprint == v.fingerprint && k.Name != "" && k.Job == m.job {
			made = append(made, v)
		}
	}
	return made, nil
}

// write marks a batch in one transaction. Done again, it does nothing.
func (m *Marker) write(ctx context.Context, db *database, batch []version) error {
	tx, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it does nothing after Commit
	const (
		postgres = `
			UPDATE pass_job AS j
			SET completed = TRUE, made_for = j.updated
			FROM UNNEST($2::text[], $3::text[]) AS m (serial_number, mark)
			WHERE j.pass_type_identifier = $1 AND j.serial_number = m.serial_number AND COALESCE(j.updated::text, '') = m.mark
				AND (NOT j.completed OR j.made_for IS DISTINCT FROM j.updated)`
		sqlite = `
			UPDATE pass_job
			SET completed = TRUE, made_for = updated
			WHERE pass_type_identifier = $1 AND serial_number = $2 AND QUOTE(updated) = $3
				AND (NOT completed OR made_for IS NOT updated)`
	)
	if db.postgres {
		var serials, marks []string
		for _, v := range batch {
			serials, marks = append(serials, v.row), append(marks, v.mark)
		}
		_, err = tx.ExecContext(ctx, postgres, m.of.typeID, pq.Array(serials), pq.Array(marks))
	} else {
		for _, v := range batch {
			if _, err = tx.ExecContext(ctx, sqlite, m.of.typeID, v.row, v.mark); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	if err := fault.Point("table.mark"); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return fault.Point("table.marked")
}
