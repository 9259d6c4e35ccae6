package jobs

// A FunnelStep is something that happens to passes on their way to a customer, and
// is counted by job and day. Nothing is kept of whose pass it was.
type FunnelStep string

// The steps, in their order.
const (
	FunnelMade       FunnelStep = "made"       // a pass was made for the first time
	FunnelMailed     FunnelStep = "mailed"     // a mail server took a mail with its link
	FunnelOpened     FunnelStep = "opened"     // somebody's browser opened its link
	FunnelDownloaded FunnelStep = "downloaded" // somebody's device took it from its link
	FunnelInstalled  FunnelStep = "installed"  // a phone registered for it, for the first time
	FunnelUpdated    FunnelStep = "updated"    // a phone fetched a newer version
	FunnelRemoved    FunnelStep = "removed"    // the last phone that had it gave it up
)

// FunnelSteps lists all, in their order.
var FunnelSteps = []FunnelStep{
	FunnelMade, FunnelMailed, FunnelOpened, FunnelDownloaded, FunnelInstalled, FunnelUpdated, FunnelRemoved,
}

// A FunnelCount says how often a step was taken on a day.
type FunnelCount struct {
	Job   string
	Day   string // 2026-11-25, UTC
	Step  FunnelStep
	Count int
}
