package keyring

import (
	"context"
	"fmt"

	"passmill/sign"
)

// plan says what the addition would do, or why it must not.
func (r *Ring) plan(ctx context.Context, i Import, a *addition) (Imported, error) {
	done := Imported{Action: sign.ActionAdd, Entry: a.Entry, Certificate: a.Certificate, Waited: a.waited}
	done.Entry.ID = ""
	name := i.Certificate.Name
	if a.waited {
		k, err := r.Store.Key(ctx, a.Key.ID)
		if err != nil {
			return done, err
		}
		if k.BaseName != "" && k.BaseName != a.Entry.BaseName {
			return done, fmt.Errorf("%s: %w: the certificate is for %s, and its key was made for %s: in Apple's developer portal choose %s, "+
				"and upload the same request again", name, sign.ErrTypeID, a.Entry.BaseName, k.BaseName, k.BaseName)
		}
	}
	entries, err := r.Store.Entries(ctx)
	if err != nil {
		return done, err
	}
	for _, e := range entries {
		if e.Kind != a.Entry.Kind || e.Tenant != a.Entry.Tenant || e.BaseName != a.Entry.BaseName {
			continue
		}
		if e.TeamID == a.Entry.TeamID {
			return r.renewal(ctx, i, done, e)
		}
		if !i.Force {
			return done, fmt.Errorf("%s: %w: %s is in the registry with team %s, and this certificate is of team %s: "+
				"use the one of that team, or say --force to keep both", name, ErrOtherTeam, e.BaseName, e.TeamID, a.Entry.TeamID)
		}
	}
	return done, nil
}

// renewal says what the addition does to an entry that is there.
func (r *Ring) renewal(ctx context.Context, i Import, done Imported, e sign.Entry) (Imported, error) {
	versions, err := r.Store.Versions(ctx, e.ID)
	if err != nil {
		return done, err
	}
	wanted := done.Entry
	done.Entry, done.Action = e, sign.ActionRenew
	if len(versions) == 0 {
		return done, nil
	}
	old := versions[0]
	if old.Certificate.ID == done.Certificate.ID {
		done.Action = ""
		return done, nil
	}
	if !done.Certificate.NotAfter.After(old.Certificate.NotAfter) && !i.Force {
		return done, fmt.Errorf("%s: %w: it is valid until %s, and the one that signs now until %s; say --force to go back to it",
			i.Certificate.Name, ErrOlder, day(done.Certificate.NotAfter), day(old.Certificate.NotAfter))
	}
	done.Old = old
	if old.Certificate.NFC && !done.Certificate.NFC {
		done.Notes = append(done.Notes, "the one before it was for NFC and this one is not: passes with an nfc member will be refused by phones")
	}
	if !e.Enabled {
		done.Notes = append(done.Notes, "the entry is disabled, and stays so: passmill cert enable lets it sign")
	}
	if wanted.Name != "" && wanted.Name != e.Name || wanted.Contact != "" && wanted.Contact != e.Contact {
		done.Notes = append(done.Notes, "name and contact of the entry stay as they are: passmill cert rename and contact change them")
	}
	return done, nil
}
