package jobs

import "time"

// A Push is a device that is to be told that passes of a type have changed. Who has
// one has claimed it: until Claim nobody else gets it.
type Push struct {
	Device   int64
	TypeID   string
	Token    string    // the push token
	TokenAt  time.Time // when the phone registered it last
	Wanted   int64     // the change number that the device is to hear of
	Told     int64     // the one that it has heard of, by asking
	Tries    int       // pushes for Wanted before this one
	Setbacks int       // tries in a row that came to nothing
	Due      time.Time // when it was due
	Claim    time.Time
	Jobs     []string // whose passes the device has not heard of; only if asked for
}

// A PushClaim says which pushes are asked for.
type PushClaim struct {
	Now    time.Time // what is due by then …
	Until  time.Time // … is the caller's until then
	Limit  int
	Except []string // pass types that are not to be pushed now
	Jobs   bool     // whether the jobs are wanted
}

// A PushSelection names pushes that somebody asks for by hand, due or not: those of
// the devices that have a pass of the job, or with the serial number, or all.
type PushSelection struct {
	Job, Serial, TypeID string // "" for any
}

// A PushOutcome says what became of a claimed push.
type PushOutcome string

// The outcomes.
const (
	PushSent PushOutcome = "sent" // it was taken; Due is when to push again if the phone does not ask
	PushGone PushOutcome = "gone" // the token is dead
	PushLate PushOutcome = "late" // it came to nothing and is to be tried again at Due
	PushBack PushOutcome = "back" // it was not tried, and is due at Due as before
)

// A PushResult is what is to be written down of a push.
type PushResult struct {
	Push
	Outcome PushOutcome
	Due     time.Time // zero for never
	Since   time.Time // of PushGone: a token that was registered later lives again
	Answer  string    // the reason in the answer; "" if all is well
	At      time.Time // of the answer
}

// A PushBacklog says what waits to be pushed.
type PushBacklog struct {
	Due    int       // pushes that are due
	Oldest time.Time // since when the first of them is; zero if there is none
	Next   time.Time // when the next one is due, perhaps in the past; zero if none ever is
}
