package apns

import (
	"net/http"
	"time"

	"github.com/sideshow/apns2"
)

// A Verdict says what an answer means for the one who pushes.
type Verdict string

// The verdicts.
const (
	OK     Verdict = "ok"     // Apple has taken the push; whether the phone does is another matter
	Gone   Verdict = "gone"   // the token is dead: no push to it can arrive
	Later  Verdict = "later"  // it may be tried again
	Halted Verdict = "halted" // it is about the sender: no push of this pass type can arrive until somebody mends it
)

// Verdicts lists all.
var Verdicts = []Verdict{OK, Gone, Later, Halted}

// An Answer says what came of a push.
type Answer struct {
	Verdict Verdict
	Reason  string    // Apple's word, or one of ours where there was no answer; "" if all is well
	Status  int       // of Apple's answer; 0 if there was none
	Since   time.Time // of [Gone]: a token that was registered later than this lives again; zero if Apple named no time

	// After is, of [Later], the soonest time for another try; 0 leaves it to the
	// caller. If All is set, no other push would fare better until then.
	After time.Duration
	All   bool

	Err error // what the connection said, if there was no answer
}

// The reasons for which there is no word of Apple's.
const (
	ReasonTimeout     = "Timeout"            // no answer in time
	ReasonConnection  = "Connection"         // the connection broke, or none could be made
	ReasonHandshake   = "Handshake"          // the server refused our certificate, or ours is not to be shown to it
	ReasonExpired     = "CertificateExpired" // our certificate is out of date
	ReasonKey         = "ProviderToken"      // no provider token could be made
	ReasonUnknown     = "Unknown"            // an answer that Apple's documentation doesn't have
	ReasonStopped     = "Stopped"            // we were told to stop
	ReasonCertificate = "NoCertificate"      // there is none to push with
)

// updatesPause is how long Apple wants a provider token to be used at least.
const updatesPause = 20 * time.Minute

// verdicts are those of Apple's table. What is about a request that we made is the
// same for all devices, so it halts: it would otherwise cost every token, or an
// account that was blocked.
var verdicts = map[string]Verdict{
	apns2.ReasonBadDeviceToken:         Gone,
	apns2.ReasonDeviceTokenNotForTopic: Gone,
	apns2.ReasonExpiredToken:           Gone,
	apns2.ReasonUnregistered:           Gone,

	apns2.ReasonIdleTimeout:                 Later,
	apns2.ReasonTooManyProviderTokenUpdates: Later,
	apns2.ReasonTooManyRequests:             Later,
	apns2.ReasonInternalServerError:         Later,
	apns2.ReasonServiceUnavailable:          Later,
	apns2.ReasonShutdown:                    Later,

	apns2.ReasonBadCollapseID:             Halted,
	apns2.ReasonBadExpirationDate:         Halted,
	apns2.ReasonBadMessageID:              Halted,
	apns2.ReasonBadPriority:               Halted,
	apns2.ReasonBadTopic:                  Halted,
	apns2.ReasonDuplicateHeaders:          Halted,
	apns2.ReasonInvalidPushType:           Halted,
	apns2.ReasonMissingDeviceToken:        Halted,
	apns2.ReasonMissingTopic:              Halted,
	apns2.ReasonPayloadEmpty:              Halted,
	apns2.ReasonTopicDisallowed:           Halted,
	apns2.ReasonBadCertificate:            Halted,
	apns2.ReasonBadCertificateEnvironment: Halted,
	apns2.ReasonExpiredProviderToken:      Halted,
	apns2.ReasonForbidden:                 Halted,
	apns2.ReasonInvalidProviderToken:      Halted,
	apns2.ReasonMissingProviderToken:      Halted,
	apns2.ReasonBadPath:                   Halted,
	apns2.ReasonMethodNotAllowed:          Halted,
	apns2.ReasonPayloadTooLarge:           Halted,
}

// judge returns the verdict on an answer of Apple's. A reason that nobody knows yet
// costs neither a token nor the pushes of others, unless its status says that we are
// not welcome.
func judge(status int, reason string, since time.Time) Answer {
	a := Answer{Status: status, Reason: reason}
	verdict, known := verdicts[reason]
	switch {
	case status == http.StatusOK:
		return Answer{Verdict: OK, Status: status}
	case known:
		a.Verdict = verdict
	case status == http.StatusGone:
		a.Verdict = Gone
	case status == http.StatusForbidden || status == http.StatusUnauthorized:
		a.Verdict = Halted
	default:
		a.Verdict = Later
	}
	if a.Reason == "" {
		a.Reason = ReasonUnknown
	}
	if a.Verdict == Gone && status == http.StatusGone {
		a.Since = since
	}
	if reason == apns2.ReasonTooManyProviderTokenUpdates {
		a.After, a.All = updatesPause, true
	}
	return a
}

// halted is the answer that stops a pass type.
func halted(reason string, err error) Answer {
	return Answer{Verdict: Halted, Reason: reason, Err: err}
}

// later is the answer where there was none.
func later(reason string, err error) Answer { return Answer{Verdict: Later, Reason: reason, Err: err} }
