package dir

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// A disk brings what was written to the file system that holds the directory.
// One syncfs(2) does it for all files and folders of a chunk, and for those of
// every worker that waits at that moment: calls share a sync as commits share
// one in a database. It reports write errors since Linux 5.8.
type disk struct {
	dir    *os.File
	syncfs func(fd int) error

	mu       sync.Mutex
	done     *sync.Cond // on mu
	running  bool
	started  uint64
	finished uint64
	err      error // the first failure: what a failed sync lost can't be synced again
}

func (d *disk) open(root *os.Root) (err error) {
	d.done = sync.NewCond(&d.mu)
	d.syncfs = unix.Syncfs
	d.dir, err = root.Open(".")
	return err
}

func (d *disk) close() error { return d.dir.Close() }

// wrote is called with each file before it is closed.
func (*disk) wrote(*os.File) error { return nil }

// settle returns when everything that was written and renamed before the call
// is on the disk: when a sync that began after the call has ended.
func (d *disk) settle(*os.Root, []written) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	wanted := d.started + 1
	for d.finished < wanted && d.err == nil {
		if d.running {
			d.done.Wait()
			continue
		}
		d.sync()
	}
	return d.err
}

// sync runs one sync, without the lock.
func (d *disk) sync() {
	d.running = true
	d.started++
	number := d.started
	d.mu.Unlock()
	err := d.syncfs(int(d.dir.Fd()))
	d.mu.Lock()
	d.running = false
	d.finished = number
	if d.err == nil && err != nil {
		d.err = os.NewSyscallError("syncfs", err)
	}
	d.done.Broadcast()
}
