package jobs

import (
	"errors"
	"time"
)

// A MailingState says how far a mailing is.
type MailingState string

// The states of mailings.
const (
	MailingPreparing MailingState = "preparing" // its deliveries are being written down
	MailingOpen      MailingState = "open"      // what is due is sent
	MailingPaused    MailingState = "paused"    // nothing is sent, by a person's word
)

// A Mailing is what a job intends to mail, once to each recipient of each pass.
// Whoever is new is added to it; to mail somebody again takes another one.
type Mailing struct {
	ID        int64
	Job       string
	Name      string // tells the mailings of a job apart; the first has none
	Letters   Hash   // version of the templates of mails
	Language  string // the field with the recipient's language; empty if there is none
	Attach    bool   // the pass itself goes along
	Links     bool   // a link to the pass does
	Confirmed int    // how many mails a person has last agreed to
	State     MailingState
	Created   time.Time
}

// A DeliveryState says what became of a delivery. Each is in exactly one.
type DeliveryState string

// The states of deliveries.
const (
	DeliveryWaiting    DeliveryState = "waiting"    // to be tried
	DeliveryTrying     DeliveryState = "trying"     // a process is at it, and has not written the mail's end
	DeliveryInDoubt    DeliveryState = "in_doubt"   // the mail's end was written, and nobody knows the answer
	DeliverySent       DeliveryState = "sent"       // the server took it
	DeliveryRefused    DeliveryState = "refused"    // the server will never take it
	DeliveryBounced    DeliveryState = "bounced"    // it was taken, and came back
	DeliverySuppressed DeliveryState = "suppressed" // the recipient gets no mails, or the pass became void or expired
	DeliveryGivenUp    DeliveryState = "given_up"   // the server did not take it for days
)

// DeliveryStates lists them in the order in which they are shown.
var DeliveryStates = []DeliveryState{
	DeliveryWaiting, DeliveryTrying, DeliverySent, DeliveryRefused, DeliveryBounced, DeliverySuppressed, DeliveryInDoubt, DeliveryGivenUp,
}

// A Delivery is one mail to one recipient about one pass.
type Delivery struct {
	ID        string // stands in the Message-ID
	Mailing   int64
	Pass      int64
	TypeID    string // of the pass
	Serial    string // likewise
	Recipient string
	Address   [32]byte // keyed hash of the folded recipient
	State     DeliveryState
	Code      int    // of the server's last answer; 0 if there was none
	Answer    string // its words
	Tries     int
	First     time.Time // when it was tried first; zero if it never was
	Next      time.Time // when it is due, if it waits
	Changed   time.Time
	Values    []byte // of the pass's row, where it was asked for
}

// A DeliveryChange is what is written down about a delivery that is being tried.
type DeliveryChange struct {
	ID     string
	State  DeliveryState
	Code   int
	Answer string
	Next   time.Time // if it waits again
	Tried  bool      // it counts as a try
	Never  bool      // the address will never take a mail: it is suppressed
}

// A Recipient is a pass of a job with what its row says.
type Recipient struct {
	Pass   int64
	TypeID string
	Serial string
	Values []byte
	Mailed bool // the mailing has a delivery about it
}

// A Suppression is an address that gets no mails.
type Suppression struct {
	Address [32]byte // keyed hash of the folded address
	Reason  string   // person, imported, unsubscribed or bounced
	Created time.Time
}

// ErrStopped means that a delivery must not be sent any more.
var ErrStopped = errors.New("the recipient was suppressed, the pass voided, the mailing paused, or the mail taken over by another process, meanwhile")
