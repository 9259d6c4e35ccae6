package sign

import (
	"errors"
	"time"
)

// An Alert is the record of a warning that a certificate expires: one for each
// certificate, entry and step.
type Alert struct {
	Entry       string // id; empty for a certificate of Apple's own
	Certificate string // id
	Step        int    // days before the expiry
	Claimed     time.Time
	Given       time.Time // zero until it was given
}

// An AlertMailState says what became of the mail of a warning.
type AlertMailState string

// The states of mails. A mail is in doubt from right before its end is written
// until the server's answer is recorded, whatever happens in between.
const (
	AlertMailTrying  AlertMailState = "trying"
	AlertMailWaiting AlertMailState = "waiting" // the server does not have it; it will be tried again
	AlertMailInDoubt AlertMailState = "in_doubt"
	AlertMailSent    AlertMailState = "sent"
	AlertMailRefused AlertMailState = "refused"
)

// An AlertMail is the mail of a warning to one recipient.
type AlertMail struct {
	Entry       string
	Certificate string
	Step        int
	Recipient   string
	State       AlertMailState
	Doubts      int // how often it became in doubt and stayed so
}

// ErrClaimLost means that a warning was claimed by somebody else meanwhile, or was
// given.
var ErrClaimLost = errors.New("somebody else gives the warning")
