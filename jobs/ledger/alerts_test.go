package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/sign"
)

// TestAlertMails: what becomes of a mail is written by who has claimed the warning,
// and by nobody whose claim was taken over; all of it goes with the entry.
func TestAlertMails(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		e := added(t, db, 1, "pass.a", "")
		const certificate = "pass.a--1"
		claim := func(at time.Time) {
			t.Helper()
			if mine, err := db.ClaimAlert(t.Context(), e.ID, certificate, 7, at, time.Hour); err != nil || !mine {
				t.Fatalf("claim: %v, %v", mine, err)
			}
		}
		m := sign.AlertMail{Entry: e.ID, Certificate: certificate, Step: 7, Recipient: "a@example.com", State: sign.AlertMailTrying}
		if err := db.SetAlertMail(t.Context(), m, now, now); !errors.Is(err, sign.ErrClaimLost) {
			t.Errorf("without a claim: %v", err)
		}
		claim(now)
		must(t, db.SetAlertMail(t.Context(), m, now, now))
		m.State, m.Doubts = sign.AlertMailInDoubt, 1
		must(t, db.SetAlertMail(t.Context(), m, now, now))

		later := now.Add(time.Hour)
		claim(later)
		late := m
		late.State = sign.AlertMailSent
		if err := db.SetAlertMail(t.Context(), late, now, later); !errors.Is(err, sign.ErrClaimLost) {
			t.Errorf("after somebody else's claim: %v", err)
		}
		other := m
		other.Recipient, other.State, other.Doubts = "b@example.com", sign.AlertMailSent, 0
		must(t, db.SetAlertMail(t.Context(), other, later, later))
		mails, err := db.AlertMails(t.Context(), e.ID, certificate, 7)
		must(t, err)
		if diff := cmp.Diff([]sign.AlertMail{m, other}, mails); diff != "" {
			t.Errorf("mails (-want +got):\n%s", diff)
		}

		must(t, db.AlertSent(t.Context(), e.ID, certificate, 7, event("alert")))
		if err := db.SetAlertMail(t.Context(), m, later, later); !errors.Is(err, sign.ErrClaimLost) {
			t.Errorf("after the warning was given: %v", err)
		}
		alerts, err := db.Alerts(t.Context())
		must(t, err)
		if len(alerts) != 1 || alerts[0].Step != 7 || !alerts[0].Claimed.Equal(later) || alerts[0].Given.IsZero() {
			t.Errorf("alerts: %+v", alerts)
		}
		must(t, db.RemoveEntry(t.Context(), e.ID, event("remove")))
		if n := number(t, dsn, `SELECT COUNT(*) FROM alert_mails`); n != 0 {
			t.Errorf("%d mails of an entry that is gone", n)
		}
	})
}
