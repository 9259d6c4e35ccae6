package jobs

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// A Device is the SHA-256 sum of a device library identifier, under which a phone is
// known. The identifier opens the list of its passes, and so is neither kept nor
// written to a log.
type Device [sha256.Size]byte

// DeviceOf returns the device with an identifier.
func DeviceOf(library string) Device { return sha256.Sum256([]byte(library)) }

// Short returns the beginning of the sum, for people: it tells devices apart and opens
// nothing.
func (d Device) Short() string { return hex.EncodeToString(d[:6]) }

// A Registration is that a device has a pass, and where pushes for its passes of this
// type go.
type Registration struct {
	Device    Device
	TypeID    string
	Serial    string
	PushToken string
}

// A Tag says up to which change number a device knows of the passes that it has. The
// epoch tells apart numbers that were given out twice because the ledger was restored.
type Tag struct {
	Epoch  string
	Number int64
}

// String returns what devices are given, and send back as it is.
func (t Tag) String() string { return t.Epoch + "." + strconv.FormatInt(t.Number, 10) }

// ParseTag reads a tag. What is no tag becomes the zero tag, which knows of nothing.
func ParseTag(text string) Tag {
	epoch, number, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || epoch == "" {
		return Tag{}
	}
	return Tag{Epoch: epoch, Number: n}
}

// Updates are what a device has not been told of yet.
type Updates struct {
	Serials []string // of the passes that changed; none if Tag says all
	Tag     Tag      // what the device knows once it has heard of them
	Known   bool     // the device has passes of the type
	Noted   bool     // it was told all of that before, and that is written down
}

// A PassVersion is which version of a pass there is.
type PassVersion struct {
	ID       int64
	Job      string
	Token    int // version of the master key that its token comes from; 0 for none
	Change   int64
	Modified time.Time // in whole seconds; it rises with each change
	Epoch    string    // as in [Tag]
}

// A PhoneLine is what a phone says is wrong.
type PhoneLine struct {
	At     time.Time
	TypeID string // of the pass that it is about; empty if that is not known
	Serial string
	Device string // [Device.Short], or empty
	Text   string
}
