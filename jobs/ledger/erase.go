package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"passmill/jobs"
)

// An Erasure says who is erased.
type Erasure struct {
	Receipt string // its id: the same however often it is tried
	At      time.Time
	Actor   string
	Traces  []Trace
	// Address is the keyed hash of a mail address, as deliveries have it; nil if the
	// person is none of an address. It is suppressed.
	Address *[32]byte
	// Hashes are the keyed hashes by which the person is known from now on.
	Hashes []ErasedHash
}

// Kinds of an [ErasedHash].
const (
	ErasedPass    = "pass"
	ErasedAddress = "address"
)

// An ErasedHash is a keyed hash of somebody who was erased.
type ErasedHash struct {
	Hash    [32]byte
	Kind    string
	Receipt string
	At      time.Time
}

// A Receipt says what an erasure took away, and of nobody whose it was. Its JSON names
// are an interface.
type Receipt struct {
	ID     string       `json:"receipt"`
	At     time.Time    `json:"at"`
	Actor  string       `json:"actor"`
	Counts ErasedCounts `json:"erased"`
}

// ErasedCounts say how much was erased.
type ErasedCounts struct {
	Passes        int `json:"passes"`
	Rows          int `json:"rows"`
	Files         int `json:"files"` // that were left to be removed
	Bundles       int `json:"bundles"`
	Images        int `json:"images"`
	Problems      int `json:"problems"`
	Links         int `json:"links"`
	Mails         int `json:"mails"`
	Registrations int `json:"registrations"`
	Devices       int `json:"devices"`
	LogLines      int `json:"log_lines"`
}

// Erase takes all that is of a person out of the ledger, in one transaction, and
// returns the receipt that it keeps. Rows and passes stay as tombstones, so that all
// counts add up; files become leftovers, and bundles are to be made again. Nobody may
// run the jobs meanwhile.
func (d *DB) Erase(ctx context.Context, e Erasure) (Receipt, error) {
	r := Receipt{ID: e.Receipt, At: e.At, Actor: e.Actor}
	err := d.write(ctx, stepErase, func(t *tx) error {
		const have = `SELECT counts FROM receipts WHERE id = ?`
		var text string
		found, err := t.one(ctx, []any{&text}, have, e.Receipt)
		if err != nil {
			return err
		}
		if found { // an earlier try was committed
			return json.Unmarshal([]byte(text), &r.Counts)
		}
		er := &eraser{tx: t, now: d.now()}
		if err := er.erase(ctx, &e); err != nil {
			return err
		}
		r.Counts = er.n
		return t.keepReceipt(ctx, &e, r)
	})
	if err != nil {
		return r, fmt.Errorf("erase a person: %w", err)
	}
	return r, nil
}

func (t *tx) keepReceipt(ctx context.Context, e *Erasure, r Receipt) error {
	const query = `INSERT INTO receipts (id, at, actor, counts) VALUES (?, ?, ?, ?)`
	text, err := json.Marshal(r.Counts)
	if err != nil {
		return err
	}
	if err := t.keepErased(ctx, e.Hashes); err != nil {
		return err
	}
	_, err = t.exec(ctx, query, r.ID, millis(r.At), r.Actor, string(text))
	return err
}

// An eraser does one Erase.
type eraser struct {
	*tx
	now time.Time
	n   ErasedCounts

	passes  []int64
	rows    []erasedRow
	images  map[jobs.Hash]bool // that the rows refer to
	serials []Trace
}

// An erasedRow is a row version that goes.
type erasedRow struct {
	id, run int64
	pass    int64 // 0 for none
	state   string
	name    string
	sink    string
	open    jobs.RunState
}

func (e *eraser) erase(ctx context.Context, who *Erasure) error {
	// No chunk may be recorded, and no device registered, in between.
	if _, err := e.lockCounter(ctx); err != nil {
		return err
	}
	e.serials = who.Traces
	for _, trace := range who.Traces {
		if err := e.find(ctx, trace); err != nil {
			return err
		}
	}
	steps := []func(context.Context) error{
		e.takeFiles, e.takePhones, e.takeLinks, e.takeMails, e.takeRows, e.takePasses, e.takeImages, e.takeProblems,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if who.Address == nil {
		return nil
	}
	_, err := e.suppress(ctx, "person", *who.Address, millis(e.now))
	return err
}

// find looks up the passes and rows of a job with a serial number.
func (e *eraser) find(ctx context.Context, of Trace) error {
	const (
		passes = `SELECT id FROM passes WHERE serial = ? AND job = ?`
		rows   = `
			SELECT r.id, r.run_id, COALESCE(r.pass_id, 0), r.state, r.name, u.sink, u.state, r.data
			FROM runs u
			JOIN rows r ON r.run_id = u.id
			WHERE u.job = ? AND r.serial = ? AND ` + notErased
	)
	err := e.each(ctx, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		e.passes = append(e.passes, id)
		return err
	}, passes, of.Serial, of.Job)
	if err != nil {
		return err
	}
	return e.each(ctx, func(rows *sql.Rows) error {
		var r erasedRow
		var data []byte
		if err := rows.Scan(&r.id, &r.run, &r.pass, &r.state, &r.name, &r.sink, &r.open, &data); err != nil {
			return err
		}
		e.rows = append(e.rows, r)
		e.noteImages(data)
		return nil
	}, rows, of.Job, of.Serial, zeroHash)
}

// noteImages notes what may be images of a row: whether it is one, the table knows.
func (e *eraser) noteImages(data []byte) {
	if e.images == nil {
		e.images = map[jobs.Hash]bool{}
	}
	for v, err := range jobs.NamedValues(data) {
		if err != nil {
			return
		}
		if id, err := jobs.ImageID(v.Value); err == nil {
			e.images[id] = true
		}
	}
}

// takeFiles makes leftovers of the files of the passes, and of those that a run may
// have put down and not recorded; the bundles that they are in are to be made again.
func (e *eraser) takeFiles(ctx context.Context) error {
	const (
		files   = `SELECT sink, name FROM artefacts WHERE name IS NOT NULL AND pass_id IN (` + listMark + `)`
		forget  = `DELETE FROM artefacts WHERE pass_id IN (` + listMark + `)`
		stale   = `DELETE FROM stale WHERE pass_id IN (` + listMark + `)`
		bundles = `
			UPDATE bundles
			SET state = 'dirty'
			WHERE (job, key) IN (SELECT job, bundle FROM passes WHERE bundle <> '' AND id IN (` + listMark + `))`
	)
	left := map[string][]string{}
	err := eachList(ctx, e.tx, func(rows *sql.Rows) error {
		var sink, name string
		err := rows.Scan(&sink, &name)
		left[sink] = append(left[sink], name)
		return err
	}, files, e.passes)
	if err != nil {
		return err
	}
	for _, query := range []string{stale, forget} {
		if _, err := execList(ctx, e.tx, query, e.passes); err != nil {
			return err
		}
	}
	for sink, names := range left {
		e.n.Files += len(names)
		if err := e.leave(ctx, sink, names); err != nil {
			return err
		}
	}
	for _, r := range e.rows {
		if r.state == "waiting" && r.sink != "" {
			if err := e.doubt(ctx, r.sink, []string{r.name}); err != nil {
				return err
			}
		}
	}
	n, err := execList(ctx, e.tx, bundles, e.passes)
	e.n.Bundles = int(n)
	return err
}

// takeLinks takes the links of the passes.
func (e *eraser) takeLinks(ctx context.Context) error {
	const query = `DELETE FROM links WHERE pass_id IN (` + listMark + `)`
	n, err := execList(ctx, e.tx, query, e.passes)
	e.n.Links = int(n)
	return err
}

// zeroAddress is the address of deliveries whose recipient was erased.
var zeroAddress = make([]byte, 32)

// takeMails takes the recipients of mails. What became of the mails stays; those that
// wait, or are tried, are never sent.
func (e *eraser) takeMails(ctx context.Context) error {
	const query = `
		UPDATE deliveries
		SET recipient = 'erased-' || id, domain = '', address = ?, answer = '',
			state = CASE WHEN state IN ('waiting', 'trying') THEN 'suppressed' ELSE state END
		WHERE pass_id IN (` + listMark + `)`
	n, err := execList(ctx, e.tx, query, e.passes, zeroAddress)
	e.n.Mails = int(n)
	return err
}

// takeImages deletes the images that no row refers to any longer.
func (e *eraser) takeImages(ctx context.Context) error {
	const (
		have = `SELECT 1 FROM images WHERE id = ?`
		drop = `DELETE FROM images WHERE id = ?`
	)
	used := `SELECT 1 FROM rows WHERE INSTR(data, ?) > 0 LIMIT 1`
	if e.dialect == postgres {
		used = `SELECT 1 FROM rows WHERE POSITION(CAST(? AS BYTEA) IN data) > 0 LIMIT 1`
	}
	for id := range e.images {
		if there, err := e.one(ctx, []any{new(int)}, have, id[:]); err != nil {
			return err
		} else if !there {
			continue
		}
		if by, err := e.one(ctx, []any{new(int)}, used, fmt.Appendf(nil, "%x", id[:])); err != nil {
			return err
		} else if by {
			continue
		}
		if _, err := e.exec(ctx, drop, id[:]); err != nil {
			return err
		}
		e.n.Images++
	}
	return nil
}

// takeProblems takes the serial numbers off the problems of rows.
func (e *eraser) takeProblems(ctx context.Context) error {
	const query = `
		UPDATE problems
		SET serial = '', code = 'erased', message = 'was of a person who was erased', fix = ''
		WHERE serial = ? AND run_id IN (SELECT id FROM runs WHERE job = ?)`
	for _, s := range e.serials {
		n, err := e.affect(ctx, query, s.Serial, s.Job)
		if err != nil {
			return err
		}
		e.n.Problems += int(n)
	}
	return nil
}

// Receipts returns what was erased, oldest first.
func (d *DB) Receipts(ctx context.Context) ([]Receipt, error) {
	const query = `SELECT id, at, actor, counts FROM receipts ORDER BY at, id`
	var list []Receipt
	err := d.query(ctx, func(rows *sql.Rows) error {
		var r Receipt
		var at int64
		var text string
		if err := rows.Scan(&r.ID, &at, &r.Actor, &text); err != nil {
			return err
		}
		r.At = fromMillis(at)
		list = append(list, r)
		return json.Unmarshal([]byte(text), &list[len(list)-1].Counts)
	}, query)
	if err != nil {
		return nil, fmt.Errorf("list receipts: %w", err)
	}
	return list, nil
}
