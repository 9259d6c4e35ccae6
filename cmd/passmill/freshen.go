package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// freshChunk is how many files are pressed, delivered and recorded at once.
const freshChunk = 64

// A freshener presses the files again that are older than their passes, out of the
// ledger: of passes that became void, went back, or whose word changed while they were
// pressed. The caller holds the job's lock.
type freshener struct {
	demand *onDemand
	begin  func(context.Context) error // called before the first is signed
	warn   func(serial string, err error)
	chunks int // how many to press at a time, so that others get their turn; 0 means all

	begun        bool
	after        int64           // id of the last pass that was looked at
	certificates map[string]bool // that are in the ledger
}

// A freshError says that nothing could be pressed again, and why.
type freshError struct{ error }

func (e freshError) Unwrap() error { return e.error }

// A freshCount says what a freshener came to.
type freshCount struct{ pressed, failed int }

// freshen presses all files of a job in a sink. What can't be pressed is told to warn
// and stays to be pressed; if nothing can, the error is a freshError. more reports that
// there is more to do, in another turn.
func (f *freshener) freshen(ctx context.Context, job, sink string, into jobs.Sink) (n freshCount, more bool, err error) {
	for turn := 1; ; turn++ {
		page, err := f.demand.db.Stale(ctx, job, sink, f.after, freshChunk)
		if err != nil {
			return n, false, err
		}
		if len(page) == 0 {
			return n, false, f.demand.db.ForgetStale(ctx, sink)
		}
		first := !f.begun
		if first {
			if err := f.begin(ctx); err != nil {
				return n, false, err
			}
			f.begun = true
		}
		f.after = page[len(page)-1].PassID
		files, data, errs := f.press(ctx, page)
		if err := ctx.Err(); err != nil {
			return n, false, err
		}
		if n.failed += len(page) - len(files); len(files) == 0 && first {
			return n, false, freshError{errs[0]}
		}
		for i, err := range errs {
			if err != nil {
				f.warn(page[i].Serial, err)
			}
		}
		if err := into.Put(ctx, jobs.Passes(data...)); err != nil {
			return n, false, fmt.Errorf("write passes: %w", err)
		}
		if err := f.demand.db.Freshened(context.WithoutCancel(ctx), job, sink, files); err != nil {
			return n, false, err
		}
		n.pressed += len(files)
		if turn == f.chunks {
			return n, true, nil
		}
	}
}

// press presses some files, as many at a time as there are cores; errs is parallel to
// them.
func (f *freshener) press(ctx context.Context, page []ledger.StaleFile) (files []ledger.FreshFile, data []jobs.Pass, errs []error) {
	pressed := make([]pressedPass, len(page))
	errs = make([]error, len(page))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				if errs[i] = ctx.Err(); errs[i] == nil {
					pressed[i], errs[i] = f.demand.Press(ctx, page[i].TypeID, page[i].Serial)
				}
			}
		})
	}
	for i := range page {
		next <- i
	}
	close(next)
	workers.Wait()
	for i, p := range pressed {
		var manifest [sha256.Size]byte
		if errs[i] == nil {
			manifest, errs[i] = manifestSum(p.Data)
		}
		if errs[i] == nil {
			errs[i] = f.keepCertificate(ctx, page[i].TypeID, p)
		}
		if errs[i] != nil {
			continue
		}
		files = append(files, ledger.FreshFile{StaleFile: page[i], Change: p.Change, Made: jobs.Made{
			TypeID: page[i].TypeID, Template: p.Template, Certificate: p.Certificate, Token: p.Token,
			Size: int64(len(p.Data)), Manifest: manifest,
		}})
		data = append(data, jobs.Pass{Name: page[i].Name, Data: p.Data})
	}
	return files, data, errs
}

// keepCertificate sees to it that the ledger has the certificate that signed, which no
// run may have signed with yet.
func (f *freshener) keepCertificate(ctx context.Context, typeID string, p pressedPass) error {
	if f.certificates[p.Certificate] {
		return nil
	}
	r, err := f.demand.recipe(ctx, p.Job, typeID)
	if err != nil {
		return err
	}
	if err := f.demand.db.SaveCertificate(ctx, r.work.identity.Certificate()); err != nil {
		return err
	}
	if f.certificates == nil {
		f.certificates = map[string]bool{}
	}
	f.certificates[p.Certificate] = true
	return nil
}

// sinkFolder returns the folder that the ledger calls a sink; ok is false if it is none.
func (w workspace) sinkFolder(sink string) (folder string, ok bool) {
	place, ok := strings.CutPrefix(sink, "dir:")
	return w.folder(place), ok
}
