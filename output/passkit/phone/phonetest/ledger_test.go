package phonetest_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/passkit"
	"passmill/output/passkit/phone/phonetest"
	"passmill/sign"
)

// A book is a real ledger with the web service over it, as a world. Each writer has a
// job with passes of its own, and makes a run after the other, a step at a time.
type book struct {
	t       *testing.T
	dir     string
	dsn     string
	db      *ledger.DB
	handler http.Handler
	now     time.Time
	latest  time.Time // that now ever was
	floor   time.Time // which no jump goes behind
	writers []bookWriter
	values  []int // of the passes, as they were committed
	kept    []int // as they were when the backup was made
	backups int
}

// A bookWriter is at a step of a run. Several may write at a time.
type bookWriter struct {
	rng     *rand.Rand
	runs    int
	step    int
	run     int64
	changes map[int]int // values by pass
	made    []jobs.Made
}

// openBook opens a book over an SQLite file, or over a PostgreSQL database.
func openBook(t *testing.T, database string, seed uint64, passes, writers int) *book {
	b := &book{t: t, dir: t.TempDir(), dsn: database, now: time.Unix(1_800_000_000, 0), writers: make([]bookWriter, writers)}
	if database == "" {
		b.dsn = filepath.Join(b.dir, "passmill.db")
	}
	b.values = make([]int, passes)
	for i := range b.values {
		b.values[i] = -1
	}
	b.open()
	ctx := t.Context()
	b.must(b.db.SaveTemplate(ctx, jobs.Hash{1}, "card", map[string][]byte{"template.json": []byte("{}")}))
	for kind := range 2 {
		b.must(b.db.SaveCertificate(ctx, sign.Certificate{ID: "c" + typeOf(kind), TypeID: typeOf(kind), TeamID: "TEAM", DER: []byte{byte(kind)}}))
	}
	for w := range b.writers {
		b.writers[w].rng = rand.New(rand.NewPCG(seed, uint64(3+w)))
		b.must(b.db.SaveRecipe(ctx, ledger.Recipe{Job: b.job(w)}))
		for b.writers[w].begin(b, w); b.writers[w].step > 0; {
			b.must(b.write(w))
		}
	}
	return b
}

func (b *book) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *book) job(writer int) string { return "job-" + strconv.Itoa(writer) }

func typeOf(pass int) string   { return "pass.com.example." + strconv.Itoa(pass%2) }
func serialOf(pass int) string { return "S-" + strconv.Itoa(pass) }
func tokenOf(serial string) string {
	return "token-of-the-pass-" + serial
}

// open opens the ledger, and a web service over it.
func (b *book) open() {
	db, err := ledger.Open(b.t.Context(), b.dsn, ledger.Options{Now: b.clock})
	b.must(err)
	b.db = db
	m := bookMaker{db}
	b.handler = passkit.Service{Store: db, Maker: m, Prefix: "/wallet", Now: b.clock}.Handler()
}

func (b *book) clock() time.Time { return b.now }

// world returns the book as a world.
func (b *book) world() phonetest.World {
	return phonetest.World{
		Handler: func() http.Handler { return b.handler },
		Passes:  len(b.values), Judge: phonetest.JudgeMemory, File: b.file, Write: b.write, Finish: b.finish, Push: b.push, Jump: b.jump,
		Restart: b.restart, Backup: b.backup, Restore: b.restore,
	}
}

// file returns a pass as the ledger has it, which must be as it was committed.
func (b *book) file(pass int) ([]byte, error) {
	c, err := b.db.Content(b.t.Context(), typeOf(pass), serialOf(pass))
	if err != nil {
		return nil, err
	}
	if want := bookPass(pass, b.values[pass]); string(c.Row.Values) != string(want) {
		return nil, fmt.Errorf("the ledger has lost a change: it holds %s, and %s was committed", c.Row.Values, want)
	}
	return c.Row.Values, nil
}

func bookPass(pass, value int) []byte {
	return fmt.Appendf(nil, `{"passTypeIdentifier":%q,"serialNumber":%q,"webServiceURL":"https://example.com/wallet","authenticationToken":%q,"storeCard":{"headerFields":[{"key":"v","value":%d}]}}`,
		typeOf(pass), serialOf(pass), tokenOf(serialOf(pass)), value)
}

// write lets a writer do its next step.
func (b *book) write(at int) (err error) {
	w, ctx := &b.writers[at], b.t.Context()
	switch w.step {
	case 0:
		w.begin(b, at)
		return nil
	case 1:
		err = w.stage(ctx, b, at)
	case 2:
		if err = b.db.Commit(ctx, w.run, "dir:out", w.made, nil); err == nil {
			for pass, value := range w.changes {
				b.values[pass] = value
			}
		}
	case 3:
		_, err = b.db.Finish(ctx, w.run, jobs.RunDone, b.now)
		w.step = -1
	}
	w.step++
	return err
}

// begin chooses what to change of the writer's own passes: at first all.
func (w *bookWriter) begin(b *book, at int) {
	w.changes = map[int]int{}
	for pass := at; pass < len(b.values); pass += len(b.writers) {
		if value := w.rng.IntN(5); value != b.values[pass] && (b.values[pass] < 0 || w.rng.IntN(2) == 0) {
			w.changes[pass] = value
		}
	}
	if len(w.changes) > 0 {
		w.step = 1
	}
}

// stage begins a run and stages what it changes.
func (w *bookWriter) stage(ctx context.Context, b *book, at int) error {
	w.runs++
	var source jobs.Hash
	copy(source[:], strconv.Itoa(w.runs))
	run, err := b.db.Begin(ctx, jobs.RunKey{Job: b.job(at), Source: source, Sink: "dir:out"}, b.now)
	if err != nil {
		return err
	}
	w.run = run.ID
	batch := jobs.Batch{Number: 1}
	for pass := range b.values {
		value, changes := w.changes[pass]
		if !changes {
			continue
		}
		data := bookPass(pass, value)
		sum := sha256.Sum256(data)
		batch.Staged = append(batch.Staged, jobs.Staged{
			Row: len(batch.Staged) + 1, Serial: serialOf(pass), Fingerprint: jobs.Hash(sum[:16]), Values: data, Name: serialOf(pass) + ".pkpass",
		})
	}
	if err := b.db.Stage(ctx, run.ID, batch); err != nil {
		return err
	}
	if _, err := b.db.Imported(ctx, run.ID); err != nil {
		return err
	}
	waiting, err := b.db.Waiting(ctx, run.ID, 0, len(batch.Staged)+1)
	w.made = nil
	for _, s := range waiting {
		pass, _ := strconv.Atoi(s.Serial[2:])
		w.made = append(w.made, jobs.Made{Staged: s, TypeID: typeOf(pass), Template: jobs.Hash{1}, Certificate: "c" + typeOf(pass), Token: 1})
	}
	return err
}

func (b *book) finish() error {
	for at := range b.writers {
		for b.writers[at].step > 0 {
			if err := b.write(at); err != nil {
				return err
			}
		}
	}
	return nil
}

// push sends what is due, as the sender of package apns does.
func (b *book) push() (sent []phonetest.Push, err error) {
	ctx := b.t.Context()
	list, err := b.db.ClaimPushes(ctx, jobs.PushClaim{Now: b.now, Until: b.now.Add(2 * time.Minute), Limit: 10_000})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var results []jobs.PushResult
	for _, p := range list {
		sent = append(sent, phonetest.Push{Token: p.Token, TypeID: p.TypeID})
		r := jobs.PushResult{Push: p, Outcome: jobs.PushSent, At: b.now}
		switch p.Tries {
		case 0:
			r.Due = b.now.Add(time.Hour)
		case 1:
			r.Due = b.now.Add(24 * time.Hour)
		}
		results = append(results, r)
	}
	return sent, b.db.SettlePushes(ctx, results)
}

func (b *book) jump(d time.Duration) {
	b.now = b.now.Add(d)
	if b.now.Before(b.floor) {
		b.now = b.floor
	}
	if b.now.After(b.latest) {
		b.latest = b.now
	}
}

func (b *book) restart() error {
	if err := b.db.Close(); err != nil {
		return err
	}
	b.open()
	b.forget()
	return nil
}

func (b *book) backup() error {
	b.backups++
	_, err := ledger.Backup(b.t.Context(), b.dsn, b.backupFile(), ledger.BackupOptions{})
	b.kept = append(b.kept[:0], b.values...)
	return err
}

func (b *book) backupFile() string { return filepath.Join(b.dir, fmt.Sprint("backup-", b.backups)) }

// restore goes back to the backup, on a machine that knows the time, and an hour
// later: Last-Modified runs ahead of a clock that stands still while passes change.
func (b *book) restore() error {
	if err := b.db.Close(); err != nil {
		return err
	}
	b.now = b.latest.Add(time.Hour)
	b.latest, b.floor = b.now, b.now
	if _, err := ledger.Restore(b.t.Context(), b.dsn, b.backupFile(), ledger.RestoreOptions{Replace: true, Now: b.clock}); err != nil {
		return err
	}
	b.values = append(b.values[:0], b.kept...)
	b.open()
	b.forget()
	return nil
}

// forget lets the writers begin anew; their runs are superseded.
func (b *book) forget() {
	for at := range b.writers {
		b.writers[at].step = 0
	}
}

// A bookMaker makes passes of what the ledger says.
type bookMaker struct{ db *ledger.DB }

// Token implements [passkit.Maker].
func (bookMaker) Token(_ context.Context, _ int, _, serial string) (string, error) {
	return tokenOf(serial), nil
}

// Signer implements [passkit.Maker].
func (bookMaker) Signer(context.Context, jobs.PassVersion, string) (string, error) { return "c", nil }

// Make implements [passkit.Maker].
func (m bookMaker) Make(ctx context.Context, v jobs.PassVersion, typeID, serial string) (passkit.Pass, error) {
	c, err := m.db.Content(ctx, typeID, serial)
	v.Change, v.Modified = c.Change, time.UnixMilli(c.Modified).UTC()
	return passkit.Pass{Data: c.Row.Values, Version: v}, err
}

// TestNoLostUpdateInLedger simulates the web service over a real ledger.
// PASSMILL_LEDGER_STEPS says for how long; the seeds are as for the memory.
func TestNoLostUpdateInLedger(t *testing.T) {
	steps := number(t, "PASSMILL_LEDGER_STEPS", 1200)
	for _, seed := range kept(t, ledgerSeeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			b := openBook(t, "", seed, small.passes, small.writers)
			counts, err := phonetest.Run(t.Context(), b.world(), phonetest.Options{
				Seed: seed, Steps: steps, Period: small.period, Devices: small.devices, Writers: small.writers,
			})
			t.Logf("%+v", counts)
			if err != nil {
				t.Error(err)
				keep(t, ledgerSeeds, seed)
			}
			b.must(b.db.Close())
		})
	}
}
