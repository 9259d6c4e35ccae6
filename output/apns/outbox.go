package apns

import (
	"context"
	"time"

	"passmill/jobs"
)

// An Outbox holds what is to be pushed. It is safe for concurrent use, also by several
// processes.
type Outbox interface {
	// ClaimPushes returns pushes that are due, and makes them the caller's for a
	// while.
	ClaimPushes(ctx context.Context, c jobs.PushClaim) ([]jobs.Push, error)
	// SettlePushes writes down what became of claimed pushes. Doing it twice does
	// no harm.
	SettlePushes(ctx context.Context, results []jobs.PushResult) error
	// NextPush says when the next push is due, perhaps in the past; zero if none
	// ever is.
	NextPush(ctx context.Context) (time.Time, error)
}

// A Pusher pushes to the devices of one pass type. [Client] is one.
type Pusher interface {
	// Send pushes to the device with a push token and says what came of it.
	Send(ctx context.Context, token string) Answer
	// Name names what it proves itself with, and is another once that was
	// replaced.
	Name() string
}

// An Alarm says that the pushes of a pass type have stopped, since whoever pushes is
// refused.
type Alarm struct {
	TypeID string
	Reason string
	Err    error     // more about it; nil if there is no more
	Until  time.Time // when it is tried again, unless what it is pushed with changes before
	Again  bool      // it was so already when it was tried last
}

var _ Pusher = (*Client)(nil)
