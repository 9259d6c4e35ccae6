package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"passmill/jobs"
)

// lockPause is the time between two tries to get a lock.
const lockPause = 50 * time.Millisecond

// LockJob makes this process the only one that works on the job, until unlock
// or the end of the process, however it ends. If another one holds the job, the
// error is [jobs.ErrLocked] and says who, if that is known. unlock may be called
// again; it reports if the lock was lost meanwhile, with the connection that
// held it.
func (d *DB) LockJob(ctx context.Context, job string) (unlock func() error, err error) {
	return d.lockJob(ctx, job, d.wait)
}

func (d *DB) lockJob(ctx context.Context, job string, wait time.Duration) (unlock func() error, err error) {
	for deadline := time.Now().Add(wait); ; {
		unlock, who, err := d.tryJob(ctx, job)
		if unlock != nil || err != nil {
			return unlock, err
		}
		if time.Now().After(deadline) {
			return nil, locked(job, who(ctx))
		}
		if err := pause(ctx, lockPause); err != nil {
			return nil, err
		}
	}
}

// tryJob locks a job if nobody else has; else unlock is nil and who tells who it is.
func (d *DB) tryJob(ctx context.Context, job string) (unlock func() error, who func(context.Context) string, err error) {
	if d.dialect == sqlite {
		return d.lockJobFile(job)
	}
	unlock, err = d.lockSession(ctx, "job "+job, fmt.Sprintf("passmill, %s", holder()))
	return unlock, func(ctx context.Context) string { return d.sessionHolder(ctx, "job "+job) }, err
}

// lockJobFile locks a file beside the database. The kernel gives the lock up
// when the process ends.
func (d *DB) lockJobFile(job string) (unlock func() error, who func(context.Context) string, err error) {
	sum := sha256.Sum256([]byte(job))
	lock := flock.New(fmt.Sprintf("%s.job-%x.lock", d.path, sum[:6]), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, nil, fmt.Errorf("lock job %q: %w", job, err)
	}
	if !ok {
		return nil, func(context.Context) string {
			text, _ := os.ReadFile(lock.Path()) // who holds it is a courtesy
			return strings.TrimSpace(string(text))
		}, nil
	}
	// A file that can't be written is locked all the same.
	_ = os.WriteFile(lock.Path(), []byte(holder()+"\n"), 0o600)
	return lock.Unlock, nil, nil
}

// lockFile waits until it has locked the file.
func (d *DB) lockFile(ctx context.Context, path string) (unlock func() error, err error) {
	lock := flock.New(path, flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return lock.Unlock, nil
}

func locked(job, holder string) error {
	if holder == "" {
		return fmt.Errorf("job %q is %w", job, jobs.ErrLocked)
	}
	return fmt.Errorf("job %q is %w: %s", job, jobs.ErrLocked, holder)
}

// holder says who this process is.
func holder() string {
	return fmt.Sprintf("process %d on %s", os.Getpid(), host())
}

func host() string {
	name, err := os.Hostname()
	if err != nil {
		return "an unnamed machine"
	}
	return name
}

// pause waits, or returns early with the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
