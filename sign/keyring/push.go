package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"passmill/sign"
)

// ErrAppleID means that a push certificate would be asked for with another Apple ID
// than the one it belongs to.
var ErrAppleID = errors.New("another Apple ID")

// enrolAgain says what a change of topic means.
const enrolAgain = "a new topic means that every device has to be enrolled again"

// Purpose says what a key waits for: its base name, or, since the topic of a push
// certificate becomes known with it only, the Apple ID that it was asked for with.
func Purpose(k sign.Key) string {
	if k.Kind == sign.KindPush && k.BaseName == "" {
		return "pushes of device management, under the Apple ID " + k.Contact
	}
	return k.BaseName
}

// check returns what makes an identity unfit for its kind.
func (i Import) check(id *sign.Identity, now time.Time) error {
	if i.Kind == sign.KindPush {
		return id.CheckPush(now)
	}
	return id.Check(now, now)
}

// checkTopic refuses a push certificate with a topic that its owner does not have,
// if there is one that it was probably meant to renew.
func (i Import) checkTopic(entries []sign.Entry, e sign.Entry) error {
	if e.Kind != sign.KindPush || i.NewTopic {
		return nil
	}
	var topics []string
	for _, other := range pushesOf(entries, e.Tenant) {
		topics = append(topics, other.BaseName)
	}
	if len(topics) == 0 || slices.Contains(topics, e.BaseName) {
		return nil
	}
	return fmt.Errorf("%s: %w: it is %s, and %s has %s: %s. In identity.apple.com/pushcert, under the same Apple ID as before, "+
		"renew the one that is there; or say --new-topic to keep both",
		i.Certificate.Name, sign.ErrTopic, e.BaseName, whose(e.Tenant), strings.Join(topics, ", "), enrolAgain)
}

// pushesOf returns the push entries of an owner, the default first.
func pushesOf(entries []sign.Entry, tenant string) []sign.Entry {
	list := slices.DeleteFunc(slices.Clone(entries), func(e sign.Entry) bool { return e.Kind != sign.KindPush || e.Tenant != tenant })
	slices.SortStableFunc(list, func(a, b sign.Entry) int {
		switch {
		case a.Default == b.Default:
			return 0
		case a.Default:
			return -1
		}
		return 1
	})
	return list
}

// checkAppleID refuses a request under an Apple ID that has no push certificate of
// the owner, if another one has.
func (r *Ring) checkAppleID(ctx context.Context, q Request) error {
	if q.Kind != sign.KindPush || q.NewTopic {
		return nil
	}
	entries, err := r.Store.Entries(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, e := range pushesOf(entries, q.Tenant) {
		if e.Contact == "" || strings.EqualFold(e.Contact, q.Email) {
			return nil
		}
		ids = append(ids, e.Contact)
	}
	if len(ids) == 0 {
		return nil
	}
	return fmt.Errorf("%w: the push certificate of %s was asked for with %s, and only that Apple ID can renew it under its topic: %s. "+
		"Use it again; or say --new-topic", ErrAppleID, whose(q.Tenant), strings.Join(ids, " or "), enrolAgain)
}
