package passkit

import (
	"context"

	"passmill/jobs"
)

// A Store knows passes and devices. It is safe for concurrent use, and all of it is safe
// to repeat.
type Store interface {
	Passes
	Devices
	Listener
}

// Passes tells which version of a pass there is.
type Passes interface {
	// Version returns the newest version of a pass, never an older one than
	// there was when it was called, or [jobs.ErrNotFound].
	Version(ctx context.Context, typeID, serial string) (jobs.PassVersion, error)
}

// Devices keeps which device has which passes, and what it knows of them.
type Devices interface {
	// Register notes that a device has a pass, durably before it returns, and
	// that pushes go to this push token from now on and to no other. created says
	// that it was not known before. [jobs.ErrNotFound] if there is no such pass,
	// [jobs.ErrTooMany] if limit devices have it.
	Register(ctx context.Context, r jobs.Registration, limit int) (created bool, err error)
	// Unregister notes that a device has a pass no longer; that it never had it
	// is no error.
	Unregister(ctx context.Context, device jobs.Device, typeID, serial string) error
	// Updates returns the passes of a type that a device has and that changed
	// since a tag; the zero tag, and one that was never given out, mean all.
	Updates(ctx context.Context, device jobs.Device, typeID string, since jobs.Tag) (jobs.Updates, error)
	// Told notes up to which change number a device was told.
	Told(ctx context.Context, device jobs.Device, typeID string, number int64) error
}

// A Listener keeps what phones say.
type Listener interface {
	AddPhoneLines(ctx context.Context, lines []jobs.PhoneLine) error
}

// A Maker makes passes. It is safe for concurrent use.
type Maker interface {
	// Token returns the authentication token of a pass that was made with the
	// master key of a version.
	Token(ctx context.Context, version int, typeID, serial string) (string, error)
	// Signer returns the name of whoever signs passes like this one now. It is
	// called for each fetch.
	Signer(ctx context.Context, v jobs.PassVersion, typeID string) (string, error)
	// Make returns a pass in this version, or a newer one.
	Make(ctx context.Context, v jobs.PassVersion, typeID, serial string) (Pass, error)
}

// A Pass is a finished pass.
type Pass struct {
	Data    []byte
	Version jobs.PassVersion
}

// Events hears what phones do, without whose they are. Calls return at once.
type Events interface {
	// PassFetched says that a phone fetched a version of a pass that it did not have.
	PassFetched(ctx context.Context, job string)
}
