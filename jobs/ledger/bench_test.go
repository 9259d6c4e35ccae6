package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
)

func benchBoth(b *testing.B, bench func(b *testing.B, db *ledger.DB)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, open(b, filepath.Join(b.TempDir(), "passmill.db"))) })
	b.Run("postgres", func(b *testing.B) { bench(b, open(b, pgtest.Start(b))) })
}

// benchRows returns rows of the size of a member's, in an order of serial
// numbers that is not that of the rows.
func benchRows(from, n int) []jobs.Staged {
	random := rand.New(rand.NewPCG(1, uint64(from)))
	list := make([]jobs.Staged, n)
	for i := range list {
		serial := fmt.Sprintf("M-%08x-%07d", random.Uint32(), from+i)
		list[i] = jobs.Staged{
			Row: from + i, Serial: serial, Fingerprint: hash(serial), Values: make([]byte, 300),
			Name: fmt.Sprintf("%02x/%s.pkpass", i%256, serial),
		}
	}
	return list
}

// perRow reports the time of one row.
func perRow(b *testing.B, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows)/1000, "µs/row")
}

const benchBatch = 1000

func BenchmarkStage(b *testing.B) {
	benchBoth(b, func(b *testing.B, db *ledger.DB) {
		run, err := db.Begin(b.Context(), key("a"), now)
		must(b, err)
		n := 0
		for b.Loop() {
			b.StopTimer()
			list := benchRows(n*benchBatch, benchBatch)
			n++
			b.StartTimer()
			must(b, db.Stage(b.Context(), run.ID, jobs.Batch{Number: n, Staged: list}))
		}
		perRow(b, n*benchBatch)
	})
}

// benchMade makes n rows.
func benchMade(b *testing.B, db *ledger.DB, n int) []string {
	b.Helper()
	run, err := db.Begin(b.Context(), key("a"), now)
	must(b, err)
	var serials []string
	for from := 0; from < n; from += benchBatch {
		list := benchRows(from, benchBatch)
		for _, s := range list {
			serials = append(serials, s.Serial)
		}
		must(b, db.Stage(b.Context(), run.ID, jobs.Batch{Number: from/benchBatch + 1, Staged: list}))
	}
	_, err = db.Imported(b.Context(), run.ID)
	must(b, err)
	for {
		waiting, err := db.Waiting(b.Context(), run.ID, 0, benchBatch)
		must(b, err)
		if len(waiting) == 0 {
			return serials
		}
		must(b, db.Commit(b.Context(), run.ID, sink, pressed(waiting), nil))
	}
}

func BenchmarkKnown(b *testing.B) {
	benchBoth(b, func(b *testing.B, db *ledger.DB) {
		const asked = 500
		serials := benchMade(b, db, 50_000)
		n := 0
		for b.Loop() {
			from := n * asked % len(serials)
			known, err := db.Known(b.Context(), typeID, sink, serials[from:from+asked])
			must(b, err)
			if len(known) != asked {
				b.Fatal(len(known))
			}
			n++
		}
		perRow(b, n*asked)
	})
}

// BenchmarkCommit records passes that are new, a hundred at a time.
func BenchmarkCommit(b *testing.B) {
	benchBoth(b, func(b *testing.B, db *ledger.DB) {
		benchMade(b, db, 20_000)
		_, err := db.Finish(b.Context(), 1, jobs.RunDone, now)
		must(b, err)
		run, err := db.Begin(b.Context(), key("b"), now)
		must(b, err)
		const batches, size = 60, 100
		for i := range batches {
			must(b, db.Stage(b.Context(), run.ID, jobs.Batch{Number: i + 1, Staged: benchRows(1e6+i*benchBatch, benchBatch)}))
		}
		_, err = db.Imported(b.Context(), run.ID)
		must(b, err)
		n, last := 0, int64(0)
		busy := time.Duration(0) // of this process, without the waiting for the disk
		for b.Loop() {
			b.StopTimer()
			waiting, err := db.Waiting(b.Context(), run.ID, last, size)
			must(b, err)
			if len(waiting) == 0 {
				b.Fatal("no rows left: fewer iterations, please")
			}
			last = waiting[len(waiting)-1].ID
			made := pressed(waiting)
			before := processTime(b)
			b.StartTimer()
			must(b, db.Commit(b.Context(), run.ID, sink, made, nil))
			busy += processTime(b) - before
			n += len(waiting)
		}
		perRow(b, n)
		b.ReportMetric(float64(busy.Nanoseconds())/float64(n)/1000, "cpu-µs/row")
	})
}

// processTime is the processor time that this process has used.
func processTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
