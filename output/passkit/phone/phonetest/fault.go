package phonetest

// A Fault is a way in which a web service is wrong.
type Fault string

// The faults. The first four were read in the code of well-known servers.
const (
	NewestOnly     Fault = "newest only"      // only passes whose stamp equals the newest are listed
	OldToken       Fault = "old token"        // a new push token is thrown away
	WholeSeconds   Fault = "whole seconds"    // a tag is a time in whole seconds
	HeaderAsNumber Fault = "header as number" // If-Modified-Since is read as a number of seconds

	EarlyNumbers Fault = "early numbers" // change numbers are drawn before the commit, without a lock
	TwoReads     Fault = "two reads"     // a list's serial numbers and its tag are of two moments
	AtLeast      Fault = "at least"      // what changed at the tag itself is listed again
	SameSecond   Fault = "same second"   // Last-Modified is the time of the clock
	NoEpoch      Fault = "no epoch"      // tags are believed after a backup was restored
	LaterIsSame  Fault = "later is same" // a later If-Modified-Since is answered with 304, after a backup was restored
	PushedOnce   Fault = "pushed once"   // a push that is lost is not repeated
	Unlisted     Fault = "unlisted"      // a list does not name passes that were registered since the tag, which the phone may have an older version of
)

// Faults lists all.
var Faults = []Fault{
	NewestOnly, OldToken, WholeSeconds, HeaderAsNumber, EarlyNumbers, TwoReads, AtLeast, SameSecond, NoEpoch, LaterIsSame, PushedOnce, Unlisted,
}
