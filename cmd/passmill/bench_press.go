package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/dir"
	"passmill/sign/signtest"
	"passmill/sign/verify"
)

// A bench is a job whose passes are made again and again. Each round writes to a
// fresh folder, and nothing is removed before the end: after deletions some file
// systems look through the freed inodes at each creation, and are many times
// slower for a minute.
type bench struct {
	work   *work
	issued *signtest.Issued
	roots  verify.Options
	rows   []jobs.Staged
	passes int
}

// newBench makes a workspace with a certificate, a template and a CSV file.
func newBench(ctx context.Context, dir string, passes int) (*bench, error) {
	authority, err := signtest.NewAuthority(time.Now())
	if err != nil {
		return nil, err
	}
	issued, err := authority.Issue(signtest.Options{})
	if err != nil {
		return nil, err
	}
	file, err := writeBenchJob(dir, issued, passes, "csv")
	if err != nil {
		return nil, err
	}
	b := &bench{issued: issued, passes: passes}
	if b.work, err = openWork(ctx, file, "", true); err != nil {
		return nil, err
	}
	roots := verify.AppleRoots()
	roots.AddCert(authority.Root())
	b.roots = verify.Options{Roots: roots, Chains: &verify.Chains{}}
	book := &memoryBook{}
	in := b.work.importer(b.work.target(""))
	in.Snapshot = book
	_, err = in.Import(ctx, 0)
	b.rows = book.rows
	return b, err
}

// round measures everything in turn. Bare signing is measured before and after
// each of the others, so that a machine whose speed drifts weighs on both sides
// of a ratio.
func (b *bench) round(ctx context.Context, out string) (r roundResult, err error) {
	var bare [4]pace
	steps := []func() error{
		func() (err error) { r.Memory, r.Allocations, err = b.memory(ctx); return err },
		func() error { return b.files(ctx, out, &r) },
		func() (err error) { r.Conventional, err = b.conventional(); return err },
	}
	for i := range bare {
		if bare[i], err = b.bare(); err != nil {
			return r, err
		}
		if i < len(steps) {
			if err := steps[i](); err != nil {
				return r, err
			}
		}
	}
	for _, p := range bare {
		r.Bare += p.rate / float64(len(bare))
	}
	r.MemoryRatio = r.Memory / (bare[0].rate + bare[1].rate) * 2
	r.FilesRatio = r.Files / (bare[1].rate + bare[2].rate) * 2
	r.WholeRatio = r.Whole / (bare[1].rate + bare[2].rate) * 2
	r.CPURatio = (bare[1].cpu + bare[2].cpu) / 2 / r.CPU
	r.Verify, err = b.verify(ctx, out)
	return r, err
}

// A pace is how fast bare signing went.
type pace struct {
	rate float64 // signatures a second of wall time
	cpu  float64 // microseconds of processor time for one
}

// bare signs with crypto/rsa alone, on all cores, a quarter as many digests as
// there are passes.
func (b *bench) bare() (p pace, err error) {
	key, ok := b.issued.Key.(*rsa.PrivateKey)
	if !ok {
		return p, errors.New("the key is not an RSA key")
	}
	n := max(1, b.passes/4)
	cpu := cpuTime()
	p.rate, err = onAllCores(n, func(i int) error {
		digest := sha256.Sum256(b.rows[i].Values)
		_, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		return err
	})
	p.cpu = float64((cpuTime() - cpu).Microseconds()) / float64(n)
	return p, err
}

// onAllCores calls do n times, and returns calls a second.
func onAllCores(n int, do func(i int) error) (float64, error) {
	var next atomic.Int64
	var mu sync.Mutex
	var failed error
	var workers sync.WaitGroup
	start := time.Now()
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if err := do(int(i)); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
			}
		})
	}
	workers.Wait()
	return float64(n) / time.Since(start).Seconds(), failed
}

// memory presses the passes through the whole pipeline, but for file and ledger.
func (b *bench) memory(ctx context.Context) (rate, allocations float64, err error) {
	press, err := b.work.presser(b.work.target(""), discard{})
	if err != nil {
		return 0, 0, err
	}
	press.Trusted = nil
	book := &memoryBook{rows: b.rows}
	r := &jobs.Runner{Runs: book, Book: book, Presser: press, Policy: jobs.Policy{Share: 1}, Now: time.Now}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	_, err = r.Run(ctx)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return float64(b.passes) / took.Seconds(), float64(after.Mallocs-before.Mallocs) / float64(b.passes), err
}

// files runs the job into a fresh folder and a fresh ledger.
func (b *bench) files(ctx context.Context, out string, r *roundResult) (err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	db, err := ledger.Open(ctx, filepath.Join(out, ledgerFile), ledger.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	sink, err := dir.Open(filepath.Join(out, "out"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	m := newMaker(makeCommand{}, b.work, os.Stderr)
	if err := m.save(ctx, db); err != nil {
		return err
	}
	run, err := m.runner(db, sink, "bench")
	if err != nil {
		return err
	}
	start, cpu := time.Now(), cpuTime()
	var pressing time.Time
	run.Importer.Progress = nil // the bench has its own
	run.Progress = func(jobs.Progress) {
		if pressing.IsZero() {
			pressing, cpu = time.Now(), cpuTime()
		}
	}
	done, err := run.Run(ctx)
	if err != nil {
		return err
	}
	if done.Count.Made != b.passes {
		return fmt.Errorf("%d of %d passes were made", done.Count.Made, b.passes)
	}
	r.Files = float64(b.passes) / time.Since(pressing).Seconds()
	r.Whole = float64(b.passes) / time.Since(start).Seconds()
	r.CPU = float64((cpuTime() - cpu).Microseconds()) / float64(b.passes)
	return nil
}

// verify judges every pass that files has written.
func (b *bench) verify(ctx context.Context, out string) (float64, error) {
	files, err := findPasses([]string{filepath.Join(out, "out")})
	if err != nil {
		return 0, err
	}
	bad := []string{}
	start := time.Now()
	err = verifyFiles(ctx, files, b.roots, func(v verdict) {
		if !v.Good {
			bad = append(bad, v.File)
		}
	})
	if len(bad) > 0 || len(files) != b.passes {
		return 0, fmt.Errorf("of %d passes %d do not verify: %s", len(files), len(bad), strings.Join(bad, ", "))
	}
	return float64(len(files)) / time.Since(start).Seconds(), err
}
