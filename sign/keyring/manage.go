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

// A Listed is an entry with everything that is told of it.
type Listed struct {
	sign.Entry
	Versions []sign.Version // the one that signs first
	Uses     []sign.Use     // of all versions, ever
}

// Active returns the certificate that signs.
func (l Listed) Active() sign.Certificate {
	if len(l.Versions) == 0 {
		return sign.Certificate{}
	}
	return l.Versions[0].Certificate
}

// DaysLeft returns how many whole days the certificate is still valid; less than
// zero if it has expired.
func (l Listed) DaysLeft(now time.Time) int {
	left := l.Active().NotAfter.Sub(now)
	if left < 0 {
		return -1 - int(-left/(24*time.Hour))
	}
	return int(left / (24 * time.Hour))
}

// Jobs returns the names of the jobs that use the entry, sorted.
func (l Listed) Jobs() []string {
	return distinct(l.Uses, func(u sign.Use) string { return u.Job })
}

// Templates returns the names of the templates that use the entry, sorted.
func (l Listed) Templates() []string {
	return distinct(l.Uses, func(u sign.Use) string { return u.Template })
}

func distinct(uses []sign.Use, of func(sign.Use) string) []string {
	var names []string
	for _, u := range uses {
		names = append(names, of(u))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Intermediate returns the certificate that issued the one that signs; false if
// none is known.
func (l Listed) Intermediate() (sign.Certificate, bool) {
	if len(l.Versions) == 0 {
		return sign.Certificate{}, false
	}
	return sign.IntermediateOf(l.Active(), l.Versions[0].Intermediate)
}

// A StoredJob is a job that the ledger holds, and the certificate that it would
// sign with.
type StoredJob struct {
	Name, Template string
	Choice         Choice
	Err            error // why it can't be read, so that nobody knows its choice
}

// List returns the entries that f admits, with their versions and uses.
func (r *Ring) List(ctx context.Context, f func(sign.Entry) bool) ([]Listed, error) {
	entries, err := r.Store.Entries(ctx)
	if err != nil {
		return nil, err
	}
	versions, err := r.Store.Versions(ctx, "")
	if err != nil {
		return nil, err
	}
	uses, err := r.Store.CertificateUses(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := r.stored(ctx, entries)
	if err != nil {
		return nil, err
	}
	var list []Listed
	for _, e := range entries {
		if !f(e) {
			continue
		}
		l := Listed{Entry: e}
		for _, v := range versions {
			if v.Entry != e.ID {
				continue
			}
			l.Versions = append(l.Versions, v)
			for _, u := range uses {
				if u.Certificate == v.Certificate.ID {
					l.Uses = append(l.Uses, u)
				}
			}
		}
		for _, job := range stored[e.ID] {
			if !slices.Contains(l.Jobs(), job.Name) {
				l.Uses = append(l.Uses, sign.Use{Certificate: l.Active().ID, Job: job.Name, Template: job.Template})
			}
		}
		list = append(list, l)
	}
	return list, nil
}

// stored returns the jobs of the ledger by the entry that they would use. One that
// would find none uses none.
func (r *Ring) stored(ctx context.Context, entries []sign.Entry) (map[string][]StoredJob, error) {
	if r.Stored == nil {
		return nil, nil
	}
	jobs, err := r.Stored(ctx)
	uses := map[string][]StoredJob{}
	for _, job := range jobs {
		if e, err := job.Choice.choose(entries); err == nil && job.Err == nil {
			uses[e.ID] = append(uses[e.ID], job)
		}
	}
	return uses, err
}

// unread returns why jobs of the ledger can't be read; nil if all can.
func (r *Ring) unread(ctx context.Context) error {
	if r.Stored == nil {
		return nil
	}
	jobs, err := r.Stored(ctx)
	for _, job := range jobs {
		if job.Err != nil {
			err = errors.Join(err, fmt.Errorf("job %q: %w", job.Name, job.Err))
		}
	}
	return err
}

// Find returns the one entry of a tenant that a person means by a text: see
// [Named].
func (r *Ring) Find(ctx context.Context, tenant, text string) (sign.Entry, error) {
	entries, err := r.Store.Entries(ctx)
	if err != nil {
		return sign.Entry{}, err
	}
	named := slices.DeleteFunc(entries, func(e sign.Entry) bool { return !Named(e, text) })
	found := slices.DeleteFunc(slices.Clone(named), func(e sign.Entry) bool { return e.Tenant != tenant })
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if tenant == "" && len(named) > 0 { // only who runs passmill asks for the account's
			return sign.Entry{}, fmt.Errorf("%w: the account has none that is called %q, but tenant %q has: say --tenant %s", ErrNone, text, named[0].Tenant, shell(named[0].Tenant))
		}
		return sign.Entry{}, fmt.Errorf("%w: %s has none that is called %q; passmill cert list shows what is there", ErrNone, whose(tenant), text)
	}
	return sign.Entry{}, fmt.Errorf("%w: %q means %d of %s; name one by the beginning of its id, which passmill cert list shows", ErrAmbiguous, text, len(found), whose(tenant))
}

// Update changes name, comment, contact or Enabled of an entry. detail says what,
// for the audit.
func (r *Ring) Update(ctx context.Context, e sign.Entry, detail string) (sign.Entry, error) {
	event := r.Event(sign.ActionChange)
	event.Detail = fmt.Sprintf("%s%s: %s", e.BaseName, ofTenant(e.Tenant), detail)
	return r.Store.UpdateEntry(ctx, e, event)
}

// MakeDefault lets the jobs of an entry's tenant that name no certificate use it.
func (r *Ring) MakeDefault(ctx context.Context, e sign.Entry) (sign.Entry, error) {
	if !e.Enabled {
		return e, fmt.Errorf("%s: %w, so it can't be the default; run: passmill cert enable %s", e.Title(), ErrDisabled, e.ID[:8])
	}
	e.Default = true
	event := r.Event(sign.ActionDefault)
	event.Detail = e.BaseName + ofTenant(e.Tenant)
	return r.Store.UpdateEntry(ctx, e, event)
}

// Remove removes an entry with its keys, for good. One that jobs use is
// [sign.ErrInUse], unless force is given; the default is [sign.ErrDefault] while
// there are others.
func (r *Ring) Remove(ctx context.Context, e sign.Entry, force bool) error {
	list, err := r.List(ctx, func(other sign.Entry) bool { return other.ID == e.ID })
	if err != nil {
		return err
	}
	var l Listed
	if len(list) == 1 && !force {
		if l, err = r.inUse(ctx, list[0]); err != nil {
			return err
		}
	}
	if len(l.Uses) > 0 {
		return fmt.Errorf("%s is %w by jobs %s (templates %s), whose passes could not be made again; say --force to remove it all the same",
			e.Title(), sign.ErrInUse, strings.Join(l.Jobs(), ", "), strings.Join(l.Templates(), ", "))
	}
	if err := r.unread(ctx); err != nil && !force {
		return fmt.Errorf("nobody knows whether %s is %w: %w\nremove what can't be read, or say --force", e.Title(), sign.ErrInUse, err)
	}
	event := r.Event(sign.ActionRemove)
	event.Detail = fmt.Sprintf("%s, team %s%s", e.BaseName, e.TeamID, ofTenant(e.Tenant))
	err = r.Store.RemoveEntry(ctx, e.ID, event)
	if errors.Is(err, sign.ErrDefault) {
		return fmt.Errorf("%s: %w: make another one the default first: passmill cert default NAME", e.Title(), sign.ErrDefault)
	}
	return err
}

// inUse leaves of an entry's uses those that are left: passes that were signed again
// with a certificate of another entry use that one. Of an entry that signed nothing
// ever, no pass is looked at.
func (r *Ring) inUse(ctx context.Context, l Listed) (Listed, error) {
	var left []sign.Use
	signed := map[string]bool{}
	for _, u := range l.Uses {
		if u.Passes == 0 { // a stored job that has not run
			left = append(left, u)
		}
		signed[u.Certificate] = signed[u.Certificate] || u.Passes > 0
	}
	for _, v := range l.Versions {
		if !signed[v.Certificate.ID] {
			continue
		}
		uses, err := r.Store.PassesSignedBy(ctx, v.Certificate.ID)
		if err != nil {
			return l, err
		}
		left = append(left, uses...)
	}
	l.Uses = left
	return l, nil
}

// clockSlack is how far two clocks that are right may differ.
const clockSlack = 5 * time.Minute

// CheckClock refuses a clock that is before the last signature that the ledger
// knows: the time of signing is in each signature, and compared with the
// certificate's dates.
func (r *Ring) CheckClock(ctx context.Context) error {
	last, err := r.Store.LastSigned(ctx)
	if err != nil {
		return err
	}
	if now := r.now(); now.Before(last.Add(-clockSlack)) {
		const minute = "2 Jan 2006 15:04 MST"
		return fmt.Errorf("%w: this machine's clock says %s, but a pass was signed on %s already: set the clock",
			sign.ErrClock, now.UTC().Format(minute), last.UTC().Format(minute))
	}
	return nil
}
