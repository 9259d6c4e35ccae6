package jobs

import "time"

// A Standing is somebody's word about a pass, besides what its row says.
type Standing struct {
	State StandingState
	Cause StandingCause
	Ends  time.Time // of an expired pass
}

// Valid reports whether the pass is just what its row makes it.
func (s Standing) Valid() bool { return s.State == "" || s.State == StandingValid }

// A StandingState says whether a pass still holds.
type StandingState string

// The states of a standing; the zero value is valid.
const (
	StandingValid   StandingState = "valid"
	StandingVoided  StandingState = "voided"
	StandingExpired StandingState = "expired"
)

// A StandingCause says why a pass stands as it does.
type StandingCause string

// The causes. What a row's absence did its return undoes; what a person did only a
// person undoes.
const (
	CausePerson  StandingCause = "person"
	CauseMissing StandingCause = "missing"
)
