package keyring

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"passmill/sign"
)

// AlertSteps are the days before the expiry of a certificate at which its people
// are warned; 0 is the day itself, from midnight UTC on.
var AlertSteps = []int{60, 30, 14, 7, 3, 1, 0}

// A Warning says that a certificate expires soon, or has expired.
type Warning struct {
	Entry       sign.Entry // of the certificate; empty for one of Apple's own
	Certificate sign.Certificate
	Step        int          // of AlertSteps, the nearest that has come
	Dependents  []sign.Entry // whose certificates an intermediate of Apple's has issued
}

// Title is what to call the certificate in a message.
func (w Warning) Title() string {
	if w.ofApple() {
		return fmt.Sprintf("Apple's intermediate certificate (%s)", w.Certificate.Subject)
	}
	text := w.Entry.BaseName
	if w.Entry.Name != "" {
		text = fmt.Sprintf("%q (%s)", w.Entry.Name, text)
	}
	return text + ofTenant(w.Entry.Tenant)
}

// ofApple reports whether it is about a certificate of Apple's own.
func (w Warning) ofApple() bool { return w.Entry.BaseName == "" }

// When says in words how near the expiry is.
func (w Warning) When(now time.Time) string {
	at := w.Certificate.NotAfter
	switch left := at.Sub(now); {
	case left <= 0:
		return "has expired on " + day(at)
	case w.Step == 0:
		return "expires today, on " + day(at) + at.UTC().Format(" at 15:04 MST")
	case left < 48*time.Hour:
		return "expires within two days, on " + day(at)
	default:
		return fmt.Sprintf("expires in %d days, on %s", int(left/(24*time.Hour)), day(at))
	}
}

// begins returns when a step of an expiry comes.
func begins(step int, notAfter time.Time) time.Time {
	if step == 0 {
		return notAfter.UTC().Truncate(24 * time.Hour)
	}
	return notAfter.Add(-time.Duration(step) * 24 * time.Hour)
}

// stepAt returns the nearest step that has come.
func stepAt(now, notAfter time.Time) (step int, come bool) {
	for _, s := range slices.Backward(AlertSteps) {
		if !now.Before(begins(s, notAfter)) {
			return s, true
		}
	}
	return 0, false
}

// Expiring returns a warning for each certificate that has reached the first step:
// those that sign or push of enabled entries, and the intermediates of Apple's that
// issued them. One that was renewed is not among them, nor one that is disabled.
// It looks at two small tables.
func Expiring(ctx context.Context, store Store, now time.Time) ([]Warning, error) {
	entries, err := store.Entries(ctx)
	if err != nil {
		return nil, err
	}
	versions, err := store.Versions(ctx, "")
	if err != nil {
		return nil, err
	}
	enabled := map[string]sign.Entry{}
	for _, e := range entries {
		if e.Enabled {
			enabled[e.ID] = e
		}
	}
	var found []Warning
	issuers := map[string]Warning{}
	for _, v := range versions {
		e, ok := enabled[v.Entry]
		if !ok || v.State != sign.VersionActive {
			continue
		}
		if step, come := stepAt(now, v.Certificate.NotAfter); come {
			found = append(found, Warning{Entry: e, Certificate: v.Certificate, Step: step})
		}
		im, ok := sign.IntermediateOf(v.Certificate, v.Intermediate)
		if !ok || e.Kind != sign.KindPass {
			continue
		}
		if step, come := stepAt(now, im.NotAfter); come {
			w := issuers[im.ID]
			w.Certificate, w.Step, w.Dependents = im, step, append(w.Dependents, e)
			issuers[im.ID] = w
		}
	}
	for _, w := range issuers {
		found = append(found, w)
	}
	slices.SortFunc(found, func(a, b Warning) int {
		return cmp.Or(a.Certificate.NotAfter.Compare(b.Certificate.NotAfter), strings.Compare(a.Certificate.ID, b.Certificate.ID), strings.Compare(a.Entry.ID, b.Entry.ID))
	})
	return found, nil
}

// ExpiryOf returns the warning for a certificate that lies in a file, and whether it
// has reached the first step.
func ExpiryOf(c sign.Certificate, now time.Time) (w Warning, near bool) {
	step, near := stepAt(now, c.NotAfter)
	return Warning{Entry: sign.Entry{Kind: sign.KindPass, BaseName: c.TypeID, TeamID: c.TeamID}, Certificate: c, Step: step}, near
}

// recipients returns whom a warning is mailed to, the operator last.
func (w Warning) recipients(operator string) []string {
	var list []string
	for _, e := range append([]sign.Entry{w.Entry}, w.Dependents...) {
		list = append(list, e.Contact)
	}
	slices.Sort(list)
	list = append(list, operator)
	var once []string
	for _, a := range list {
		if a != "" && !slices.ContainsFunc(once, func(b string) bool { return strings.EqualFold(a, b) }) {
			once = append(once, a)
		}
	}
	return once
}
