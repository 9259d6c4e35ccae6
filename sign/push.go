package sign

import (
	"errors"
	"strings"
	"time"
)

// managementTopic is what the topics of Apple's push certificates for device
// management begin with. The usual ones are com.apple.mgmt.External.<uuid>.
const managementTopic = "com.apple.mgmt."

// ErrTopic means that a push certificate has no topic of device management, or
// another one than is needed.
var ErrTopic = errors.New("wrong topic")

// CheckPush returns everything that makes the identity unfit to authenticate the
// pushes of a device management at a time, joined; nil if nothing does.
func (id *Identity) CheckPush(now time.Time) error {
	errs := []error{id.checkKey()}
	if topic := id.TypeID(); !strings.HasPrefix(topic, managementTopic) || topic == managementTopic {
		errs = append(errs, id.wrong(ErrTopic, "%q is %s with the topic %q, and one of device management has a topic like com.apple.mgmt.External.…: "+
			"take the one from identity.apple.com/pushcert", id.String(), Describe(id.cert), topic))
	}
	const again = "renew it in identity.apple.com/pushcert under the same Apple ID, so that it keeps its topic"
	switch from, to := id.NotBefore(), id.NotAfter(); {
	case now.After(to):
		errs = append(errs, id.wrong(ErrExpired, "expired on %s: %s", date(to), again))
	case now.Before(from):
		errs = append(errs, id.wrong(ErrNotYetValid, "is valid from %s, and this machine's clock says %s: set the clock, or wait", date(from), date(now)))
	}
	return errors.Join(errs...)
}
