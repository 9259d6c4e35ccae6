package phonetest

import (
	"fmt"
	"net/http"
	"time"

	"passmill/output/passkit/phone"
)

// A World is what a simulation takes place in. None of its functions is called
// while another one runs, but for those that a handler calls itself.
type World struct {
	Handler func() http.Handler // Apple's web service, at its present state
	Passes  int                 // how many there are
	Judge   phone.Judge         // of the passes' files

	// File returns the file of a pass as it is now; what Judge makes of it is what
	// a phone should hold in the end.
	File func(pass int) ([]byte, error)
	// Write lets a writer do its next step: begin to change some passes, go on, or
	// commit. A writer that has to wait for another does nothing.
	Write func(writer int) error
	// Finish lets all writers come to an end; nothing changes before the next Write.
	Finish func() error
	// Push returns to whom a push is due, and takes it as sent.
	Push func() ([]Push, error)

	// Jump moves the server's clock, forwards or back.
	Jump func(time.Duration)
	// Restart ends the server without warning, and begins it again; nil if that is
	// not to be tried, as for those below.
	Restart func() error
	// Backup keeps the present state, in the place of the last one kept.
	Backup func() error
	// Restore goes back to the last backup. Afterwards a push is due to every
	// phone, as an operator would order.
	Restore func() error
}

// A Push is a hint to a device that passes of a type have changed.
type Push struct{ Token, TypeID string }

// Options say what a simulation is like.
type Options struct {
	Seed  uint64
	Steps int // each a step of a writer, an exchange of a phone, or an accident
	// Period is after how many steps everything comes to rest, and the phones are
	// looked at. The next update of a pass makes a lost one good, so it should not
	// be much longer than passes take to change.
	Period  int
	Devices int
	Writers int
	// Accidents is how many restarts, backups and restores there are in ten thousand
	// steps; 0 means 10.
	Accidents int
}

// Counts are what happened.
type Counts struct {
	Steps, Exchanges, Lost, Pushes, LostPushes, Writes int
	Jumps, Restarts, Restores                          int
	Rests, Resting                                     int // how often everything came to rest, and exchanges until then
	Living                                             int // phones, at the end
	Kinds                                              map[string]int
}

// A Failure says which promise a web service has broken. Kind is the promise.
type Failure struct {
	Kind   Kind
	Seed   uint64
	Detail string
}

// A Kind is a promise of the simulation that was broken.
type Kind string

// The promises.
const (
	Behind  Kind = "behind"  // a phone does not hold the newest version
	Forever Kind = "forever" // phones are told of changes, or fetch, and nothing has changed
	Answer  Kind = "answer"  // the service answered as it never should
)

func (f *Failure) Error() string {
	return fmt.Sprintf("seed %d: %s: %s", f.Seed, f.Kind, f.Detail)
}
