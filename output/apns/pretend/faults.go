package pretend

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// A Kind is a kind of fault.
type Kind string

// The kinds of faults that happen by chance.
const (
	Gone        Kind = "gone"        // 410 Unregistered: the token is dead from now on
	Bad         Kind = "bad"         // 400 BadDeviceToken: likewise
	Busy        Kind = "busy"        // 429 TooManyRequests
	Broken      Kind = "broken"      // 500 InternalServerError
	Unavailable Kind = "unavailable" // 503 ServiceUnavailable
	Stall       Kind = "stall"       // no answer until the client gives up
	Reset       Kind = "reset"       // the stream is reset
	Drop        Kind = "drop"        // the connection breaks
)

// Kinds lists the kinds of faults that happen by chance.
var Kinds = []Kind{Gone, Bad, Busy, Broken, Unavailable, Stall, Reset, Drop}

// Faults say how the server misbehaves. The zero value never does.
type Faults struct {
	Share       float64 // of all pushes, from 0 to 1
	Kinds       []Kind  // which ones, with equal chances; all if empty
	GoAwayEvery int     // GOAWAY after so many pushes of a connection; 0 never
	Seed        uint64  // of chance: the n-th push meets the same fault each time
}

// pick says what the n-th push meets; "" if nothing.
func (f Faults) pick(n uint64) Kind {
	if f.Share <= 0 {
		return ""
	}
	kinds := f.Kinds
	if len(kinds) == 0 {
		kinds = Kinds
	}
	chance := rand.New(rand.NewPCG(f.Seed, n))
	if chance.Float64() >= f.Share {
		return ""
	}
	return kinds[chance.IntN(len(kinds))]
}

// ParseKinds reads a list of kinds, separated by commas.
func ParseKinds(list string) (kinds []Kind, err error) {
	for name := range strings.SplitSeq(list, ",") {
		k := Kind(strings.TrimSpace(name))
		if !slices.Contains(Kinds, k) {
			return nil, fmt.Errorf("there is no kind of fault %q; the kinds are %s", name, join(Kinds))
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

func join(kinds []Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// statuses are those of the reasons that the server gives, and of those that it can
// be told to give.
var statuses = map[string]int{
	"BadDeviceToken": 400, "BadExpirationDate": 400, "BadPriority": 400, "BadTopic": 400, "InvalidPushType": 400,
	"MissingDeviceToken": 400, "MissingTopic": 400, "PayloadEmpty": 400, "TopicDisallowed": 400,
	"BadCollapseId": 400, "BadMessageId": 400, "DeviceTokenNotForTopic": 400, "DuplicateHeaders": 400, "IdleTimeout": 400,
	"BadCertificate": 403, "BadCertificateEnvironment": 403, "ExpiredProviderToken": 403, "Forbidden": 403,
	"InvalidProviderToken": 403, "MissingProviderToken": 403,
	"BadPath": 404, "MethodNotAllowed": 405, "ExpiredToken": 410, "Unregistered": 410, "PayloadTooLarge": 413,
	"TooManyProviderTokenUpdates": 429, "TooManyRequests": 429,
	"InternalServerError": 500, "ServiceUnavailable": 503, "Shutdown": 503,
}

// reasons are what faults with an answer say.
var reasons = map[Kind]string{
	Gone: "Unregistered", Bad: "BadDeviceToken", Busy: "TooManyRequests", Broken: "InternalServerError", Unavailable: "ServiceUnavailable",
}

// happen does a fault that has no answer.
func (k Kind) happen(r *http.Request) {
	switch k {
	case Stall:
		<-r.Context().Done()
	case Drop:
		if c := connection(r); c != nil {
			c.Close()
		}
	}
	panic(http.ErrAbortHandler)
}
