package link

import (
	"context"
	"time"
)

// A State says whether a link opens.
type State string

// The states of a link that somebody has given out.
const (
	Open    State = "open"
	Expired State = "expired"
	Revoked State = "revoked"
	Spent   State = "spent" // as many devices have its pass as may
)

// An Opened is what a code stands for that somebody has given out.
type Opened struct {
	State   State
	Job     string
	TypeID  string
	Limited bool     // it gives its pass to so many devices only
	Android bool     // phones without Wallet are shown the barcode
	Serials []string // of the passes that belong together, its own among them
	// Versions are parallel to Serials, another one for each content. There are none
	// if the pass is not there yet: that of a sealed link that nobody has opened.
	Versions []string
	Own      int // index of the link's own pass
	Code     Code
}

// A Face is what the front of a pass is drawn from.
type Face struct {
	JSON    []byte                       // pass.json
	Images  map[string][]byte            // by file name, of the pass itself
	Strings map[string]map[string]string // translations of its texts, by language
}

// A Pressed is a pass that was pressed.
type Pressed struct {
	Data     []byte
	Name     string // of the file that it is saved as, without its ending
	Modified time.Time
}

// Passes says what codes stand for, and presses the passes. It is safe for concurrent
// use.
type Passes interface {
	// Look says what a code stands for, or returns [ErrUnknown]. It changes nothing:
	// also robots look.
	Look(ctx context.Context, c Code) (Opened, error)
	// Face returns what the front of the n-th pass shows.
	Face(ctx context.Context, o Opened, n int) (Face, error)
	// Plan takes the row of a sealed link into the ledger, once, however often and by
	// how many at the same time it is asked for, and returns what the code stands for
	// then.
	Plan(ctx context.Context, o Opened) (Opened, error)
	// Press presses the n-th pass, which is there.
	Press(ctx context.Context, o Opened, n int) (Pressed, error)
	// Use counts that a device gets the passes; ok is false if no further one may. The
	// device is a hash; what it gets again within a short while is not counted.
	Use(ctx context.Context, o Opened, device []byte) (ok, counted bool, err error)
}

// Events hears what people do with links, without who they are. Calls return at once.
type Events interface {
	// LinkOpened says that somebody looked at the page of a link.
	LinkOpened(ctx context.Context, job string)
	// PassDownloaded says that a device got a pass.
	PassDownloaded(ctx context.Context, job string)
}
