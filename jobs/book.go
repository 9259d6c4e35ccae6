package jobs

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// Sentinels that every ledger answers with, so that callers can branch.
var (
	// ErrNotFound means that the ledger has no such thing.
	ErrNotFound = errors.New("not found")
	// ErrLocked means that another process holds what was asked for.
	ErrLocked = errors.New("in use by another process")
	// ErrTooMany means that a pass has as many devices as it may have.
	ErrTooMany = errors.New("too many devices have this pass")
)

// A Hash is the first half of a SHA-256 sum: enough to tell contents apart,
// small enough to keep one for each row.
type Hash [sha256.Size / 2]byte

// A RunKey is what must be the same for an interrupted run to be resumed.
type RunKey struct {
	Job      string
	Source   Hash   // the bytes of the source
	Template Hash   // the template version
	Sink     string // what the ledger calls the sink
	Settings Hash   // everything else that decides what the run makes

	RollsBack int64 // the run that this one takes back; 0 for one that makes passes of rows
}

// A RunState says how far a run has come.
type RunState string

// The states of a run. Importing and pressing are open: a run that is found so
// with nobody at work on it was interrupted.
const (
	RunImporting  RunState = "importing"
	RunPressing   RunState = "pressing"
	RunDone       RunState = "done"
	RunStopped    RunState = "stopped"    // by the job's own policy, or by a failure
	RunSuperseded RunState = "superseded" // interrupted, and then the source, template, output or settings changed
)

// A Run is one execution of a job.
type Run struct {
	ID       int64
	Key      RunKey
	State    RunState
	Count    Count
	Started  time.Time
	Finished time.Time // zero while the run is open

	StartedBy string // who or what began it: "command alice@host", "schedule 2026-11-26T02:00 Europe/Berlin"
	Failure   string // why it did not come to its end; empty once it did
	Heard     int    // how many devices hear of its changes, each counted once for a pass type
}

// Count adds up the rows of a run. Rows = Made + Unchanged + Refused once the
// run is done.
type Count struct {
	Rows, Made, Unchanged, Refused int

	Held int // of the unchanged: passes that would have changed, and were left as they are
}

// Known is what the ledger knows of a pass before a run.
type Known struct {
	PassID      int64
	Job         string // the job that the pass belongs to
	Fingerprint Hash
	Contact     Hash // of what only mails need, as Staged's
	Bundle      string
	Name        string // of the artefact in the asked sink; empty if there is none
	Missing     bool   // the pass is void or expired since its row was missing
}

// Staged is a row of a run's import that is to be pressed.
type Staged struct {
	ID          int64 // given by the ledger; rising within an import
	Row         int   // number of the row in the source
	Serial      string
	Fingerprint Hash
	Contact     Hash   // over the values that only mails need, which Fingerprint leaves out; zero if there are none
	Values      []byte // the checked values, as the importer encodes them
	Name        string // of the artefact: slash-separated, relative to the sink
	Bundle      string // the bundle that the pass belongs to; empty for none
	Standing    Standing
}

// A Batch is what an import writes in one transaction.
type Batch struct {
	Number   int // from 1 within an import: a batch is stored once, however often it is tried
	Staged   []Staged
	Seen     []int64 // ids of passes whose rows are unchanged
	Problems []Problem
	Refused  int // rows that Problems refuse
	Held     int // of Seen: how many rows have changed all the same; less than 0 takes back
}

// Made is a pass that lies in its sink, whole and durable.
type Made struct {
	Staged   Staged
	TypeID   string
	Template Hash
	// Certificate is the id of the certificate that signed: the hexadecimal
	// SHA-256 sum of its DER form.
	Certificate string
	Token       int // version of the master key that its token comes from; 0 for none
	Size        int64
	Manifest    [sha256.Size]byte // SHA-256 of manifest.json
	Adopted     bool              // found whole in the sink, pressed by a run that was killed before it could say so
}

// Failed is a staged row that could not be pressed.
type Failed struct {
	Staged  Staged
	Problem Problem
}

// A Snapshot is what an import needs of the ledger. Every method is safe to
// repeat, and to call from several goroutines.
type Snapshot interface {
	// Known returns what is known of the passes with these serials; a serial
	// without a pass is absent. Names are those of artefacts in sink.
	Known(ctx context.Context, typeID, sink string, serials []string) (map[string]Known, error)
	// Stage stores a batch, in one transaction, once.
	Stage(ctx context.Context, run int64, b Batch) error
	// Withdraw takes back staged rows, named by their numbers in the source,
	// and passes that were marked as seen: they turned out to be refused. It
	// does not count them as such: the batch that holds their problems does.
	Withdraw(ctx context.Context, run int64, rows []int, seen []int64) error
}

// A Book is what the pressing of a run needs of the ledger. Every method is
// safe to repeat, and to call from several goroutines.
type Book interface {
	// Waiting returns up to limit staged rows of the run that are neither
	// made nor failed, by rising id, from the first after the id after.
	Waiting(ctx context.Context, run, after int64, limit int) ([]Staged, error)
	// Commit records a chunk in one transaction: the rows' states, the
	// passes, their change numbers, their artefacts, and the bundles that
	// have to be made again: those of every made row, since a new signature
	// alone makes a new file. A row that is recorded already stays as it is;
	// one that the run does not have is [ErrNotFound], and nothing is recorded.
	Commit(ctx context.Context, run int64, sink string, made []Made, failed []Failed) error
}
