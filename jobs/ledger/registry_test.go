package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
	"passmill/sign"
	"passmill/sign/keyring"
)

var (
	_ keyring.Store  = (*ledger.DB)(nil)
	_ keyring.Alerts = (*ledger.DB)(nil)
)

// event returns a new event; its id comes from what it is about.
func event(id string) sign.Event {
	return sign.Event{ID: id, At: now, Actor: "ada"}
}

// addition is certificate n of a pass type and tenant, with a key of its own.
func addition(n int, base, tenant string) sign.Addition {
	id := fmt.Sprintf("%s-%s-%d", base, tenant, n)
	return sign.Addition{
		Entry: sign.Entry{
			ID: "entry-" + base + tenant, Kind: sign.KindPass, Vendor: sign.VendorApple, Name: "Card", BaseName: base, TeamID: "TEAM",
			Tenant: tenant, Contact: "wallet@example.com", Enabled: true,
		},
		Certificate: sign.Certificate{
			ID: id, TypeID: base, TeamID: "TEAM", Subject: "CN=x", NFC: n == 2, NotBefore: now.Truncate(time.Second),
			NotAfter: now.Truncate(time.Second).AddDate(1, 0, n), DER: []byte(id),
		},
		Key: sign.Key{
			ID: "key-" + id, Kind: sign.KindPass, BaseName: base, Tenant: tenant, Algorithm: "RSA 2048", Created: now, CreatedBy: "ada",
			Sealed: sign.Sealed{Data: []byte("sealed " + id), By: "kek", Version: 1},
		},
	}
}

func added(t testing.TB, db *ledger.DB, n int, base, tenant string) sign.Entry {
	t.Helper()
	a := addition(n, base, tenant)
	e, err := db.AddVersion(t.Context(), a, event("add "+a.Certificate.ID))
	must(t, err)
	return e
}

// TestRenewal: a certificate of the same kind, tenant, base name and team takes
// the place of the one that is there; everything else stays as people set it.
func TestRenewal(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		first := added(t, db, 1, "pass.a", "")
		if !first.Default || !first.Enabled || first.NFC {
			t.Errorf("the first entry is %+v; want it enabled, the default, without NFC", first)
		}
		first.Name, first.Comment = "Members", "of the club"
		first, err := db.UpdateEntry(t.Context(), first, event("rename"))
		must(t, err)
		renewed := added(t, db, 2, "pass.a", "")
		want := first
		want.NFC = true
		if diff := cmp.Diff(want, renewed); diff != "" {
			t.Errorf("the entry after a renewal (-want +got):\n%s", diff)
		}
		versions, err := db.Versions(t.Context(), first.ID)
		must(t, err)
		if len(versions) != 2 || versions[0].State != sign.VersionActive || versions[1].State != sign.VersionSuperseded {
			t.Fatalf("versions are %+v; want the new one active, the old one superseded", versions)
		}
		if diff := cmp.Diff(addition(2, "pass.a", "").Certificate, versions[0].Certificate); diff != "" {
			t.Errorf("certificate that signs (-want +got):\n%s", diff)
		}
		k, err := db.Key(t.Context(), versions[1].KeyID)
		must(t, err)
		if want := addition(1, "pass.a", "").Key; !cmp.Equal(want.Sealed, k.Sealed) {
			t.Errorf("the old key is %+v, want %+v", k.Sealed, want.Sealed)
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM certificate_entries`); n != 1 {
			t.Errorf("%d entries, want 1", n)
		}
	})
}

// TestDefaults: each tenant and kind has one default; it moves and never goes.
func TestDefaults(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		a, b, c := added(t, db, 1, "pass.a", ""), added(t, db, 1, "pass.b", ""), added(t, db, 1, "pass.c", "talwind")
		if !a.Default || b.Default || !c.Default {
			t.Errorf("defaults are %v, %v, %v; want the first of each tenant", a.Default, b.Default, c.Default)
		}
		a.Default = false
		if _, err := db.UpdateEntry(t.Context(), a, event("unset")); !errors.Is(err, sign.ErrDefault) {
			t.Errorf("the default was unset: %v", err)
		}
		if err := db.RemoveEntry(t.Context(), a.ID, event("remove a")); !errors.Is(err, sign.ErrDefault) {
			t.Errorf("the default was removed while there is another: %v", err)
		}
		b.Default = true
		b, err := db.UpdateEntry(t.Context(), b, event("move"))
		must(t, err)
		a, err = db.Entry(t.Context(), a.ID)
		must(t, err)
		if a.Default || !b.Default {
			t.Errorf("after the move: a %v, b %v", a.Default, b.Default)
		}
		must(t, db.RemoveEntry(t.Context(), a.ID, event("remove a now")))
		must(t, db.RemoveEntry(t.Context(), c.ID, event("remove the last of a tenant")))
		if _, err := db.Entry(t.Context(), a.ID); !errors.Is(err, sign.ErrNoEntry) {
			t.Errorf("a removed entry: %v", err)
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM certificate_keys`); n != 1 {
			t.Errorf("%d keys are left, want that of b", n)
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM certificates WHERE type_id = 'pass.a'`); n != 1 {
			t.Errorf("the record of a removed certificate is gone; passes refer to it")
		}
		for _, id := range []string{a.ID, "no such"} {
			if _, err := db.UpdateEntry(t.Context(), sign.Entry{ID: id}, event("late "+id)); !errors.Is(err, sign.ErrNoEntry) {
				t.Errorf("change %s: %v", id, err)
			}
		}
	})
}

// TestConstraints: the rules hold for who writes behind the methods' backs, too.
func TestConstraints(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		added(t, db, 1, "pass.a", "")
		added(t, db, 2, "pass.a", "")
		added(t, db, 1, "pass.b", "")
		for _, query := range []string{
			`UPDATE certificate_entries SET is_default = NOT is_default WHERE base_name = 'pass.b'`,
			`UPDATE certificate_entries SET base_name = 'pass.a' WHERE base_name = 'pass.b'`,
			`UPDATE certificate_entries SET kind = 'other'`,
			`UPDATE certificate_versions SET state = 'active'`,
			`UPDATE certificate_versions SET key_id = 'none'`,
			`DELETE FROM certificate_keys`,
			`DELETE FROM audit`,
			`UPDATE audit SET actor = 'nobody'`,
			`INSERT INTO sealing_key (id, key_id, version) VALUES (2, 'x', 1)`,
		} {
			conn := raw(t, dsn)
			if !isPostgres(dsn) {
				if _, err := conn.Exec(`PRAGMA foreign_keys = ON`); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := conn.Exec(query); err == nil {
				t.Errorf("the database takes %s", query)
			}
		}
	})
}

// TestRotation: an old key-encryption key seals nothing new, and sealings are
// replaced one by one.
func TestRotation(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		if k, err := db.SealingKey(t.Context()); err != nil || k != (sign.SealingKey{}) {
			t.Fatalf("a new ledger is sealed with %+v, %v", k, err)
		}
		added(t, db, 1, "pass.a", "")
		added(t, db, 1, "pass.b", "")
		next := sign.SealingKey{ID: "kek2", Version: 2}
		must(t, db.SetSealingKey(t.Context(), next, event("rotate")))
		must(t, db.SetSealingKey(t.Context(), next, event("rotate again")))
		if err := db.SetSealingKey(t.Context(), sign.SealingKey{ID: "kek", Version: 1}, event("back")); !errors.Is(err, sign.ErrSealedLater) {
			t.Errorf("back to the old key: %v", err)
		}
		late := addition(1, "pass.c", "")
		if _, err := db.AddVersion(t.Context(), late, event("late")); !errors.Is(err, sign.ErrSealedLater) {
			t.Errorf("the old key sealed a new one: %v", err)
		}
		if err := db.AddKey(t.Context(), late.Key, event("late key")); !errors.Is(err, sign.ErrSealedLater) {
			t.Errorf("the old key sealed a waiting one: %v", err)
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM certificate_entries WHERE base_name = 'pass.c'`); n != 0 {
			t.Error("what was refused left an entry")
		}
		after, seen := "", 0
		for {
			page, err := db.SealedBefore(t.Context(), 2, after, 1)
			must(t, err)
			if len(page) == 0 {
				break
			}
			k := page[0]
			after, seen = k.ID, seen+1
			must(t, db.Reseal(t.Context(), k.ID, k.Sealed, sign.Sealed{Data: []byte("new"), By: "kek2", Version: 2}))
			must(t, db.Reseal(t.Context(), k.ID, k.Sealed, sign.Sealed{Data: []byte("too late"), By: "kek2", Version: 2}))
		}
		if n := number(t, dsn, `SELECT COUNT(*) FROM certificate_keys WHERE sealed_version = 2 AND sealed_by = 'kek2'`); n != 2 || seen != 2 {
			t.Errorf("%d keys were seen and %d sealed again, want 2", seen, n)
		}
		k, err := db.Key(t.Context(), after)
		must(t, err)
		if string(k.Sealed.Data) != "new" {
			t.Errorf("a sealing was replaced twice: %q", k.Sealed.Data)
		}
	})
}

// TestWaitingKeys: a key waits until its certificate comes, or it is discarded.
func TestWaitingKeys(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		a, b := addition(1, "pass.a", ""), addition(1, "pass.b", "")
		a.Key.CSR = []byte("csr")
		must(t, db.AddKey(t.Context(), a.Key, event("request a")))
		must(t, db.AddKey(t.Context(), b.Key, event("request b")))
		waiting, err := db.WaitingKeys(t.Context())
		must(t, err)
		if len(waiting) != 2 || string(waiting[0].CSR) != "csr" || waiting[0].Name != a.Key.Name {
			t.Fatalf("waiting are %+v", waiting)
		}
		a.Key = sign.Key{ID: a.Key.ID}
		_, err = db.AddVersion(t.Context(), a, event("import a"))
		must(t, err)
		if err := db.DiscardKey(t.Context(), a.Key.ID, event("discard a")); !errors.Is(err, sign.ErrNoEntry) {
			t.Errorf("a key that is in use was discarded: %v", err)
		}
		must(t, db.DiscardKey(t.Context(), b.Key.ID, event("discard b")))
		if waiting, err := db.WaitingKeys(t.Context()); err != nil || len(waiting) != 0 {
			t.Errorf("waiting are %+v, %v", waiting, err)
		}
	})
}

// TestAudit: each change is written with who did it, once.
func TestAudit(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		e := added(t, db, 1, "pass.a", "")
		added(t, db, 2, "pass.a", "")
		for range 2 {
			must(t, db.RemoveEntry(t.Context(), e.ID, sign.Event{ID: "remove", At: now, Actor: "eve", Action: sign.ActionRemove}))
		}
		end := sign.Event{At: now.Add(time.Hour), Actor: "cron", Action: sign.ActionSignEnd, Certificate: "c1", Run: 7, Job: "members", Detail: "3 made"}
		must(t, db.AddEvent(t.Context(), end))
		events, err := db.Events(t.Context(), sign.EventFilter{})
		must(t, err)
		var lines []string
		for _, e := range events {
			lines = append(lines, strings.TrimSpace(fmt.Sprint(e.Actor, " ", e.Action, " ", e.Certificate, " ", e.Job, " ", e.Detail)))
		}
		want := []string{"cron sign-end c1 members 3 made", "eve remove", "ada renew pass.a--2", "ada add pass.a--1"}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}
		page, err := db.Events(t.Context(), sign.EventFilter{Entry: e.ID, Before: events[1].Number, Limit: 1})
		must(t, err)
		if len(page) != 1 || page[0].Action != sign.ActionRenew {
			t.Errorf("a page of the entry's events is %+v", page)
		}
		if at, err := db.LastSigned(t.Context()); err != nil || !at.Equal(now.Add(time.Hour)) {
			t.Errorf("last signed %v, %v", at, err)
		}
	})
}

// TestUses: who uses a certificate is known by the passes that it has signed.
func TestUses(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		if at, err := db.LastSigned(t.Context()); err != nil || !at.IsZero() {
			t.Errorf("last signed %v, %v; want never", at, err)
		}
		finished(t, db, key("a"), rows(1, 4, "x")...)
		uses, err := db.CertificateUses(t.Context())
		must(t, err)
		if diff := cmp.Diff([]sign.Use{{Certificate: "c1", Job: "members", Template: "card", Passes: 3}}, uses); diff != "" {
			t.Errorf("uses (-want +got):\n%s", diff)
		}
		if at, err := db.LastSigned(t.Context()); err != nil || !at.Equal(now) {
			t.Errorf("last signed %v, %v", at, err)
		}
		if left, err := db.PassesSignedBy(t.Context(), "c1"); err != nil || !cmp.Equal(uses, left) {
			t.Errorf("passes %+v, %v; want %+v", left, err, uses)
		}
	})
}

// TestUsesAreSmall: who has used a certificate is known without a look at the passes,
// also of those that were made before that was counted.
func TestUsesAreSmall(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		finished(t, db, key("a"), rows(1, 4, "x")...)
		finished(t, db, key("b"), rows(1, 3, "y")...)
		want := []sign.Use{{Certificate: "c1", Job: "members", Template: "card", Passes: 5}} // two of them twice
		if uses, err := db.CertificateUses(t.Context()); err != nil || !cmp.Equal(want, uses) {
			t.Errorf("uses %+v, %v; want %+v", uses, err, want)
		}
		want[0].Passes = 3
		if left, err := db.PassesSignedBy(t.Context(), "c1"); err != nil || !cmp.Equal(want, left) {
			t.Errorf("passes %+v, %v; want %+v", left, err, want)
		}
		must(t, db.Close())
		folder := "sqlite"
		if strings.Contains(dsn, "://") {
			folder = "postgres"
		}
		script, err := os.ReadFile("migrations/" + folder + "/0007_uses.sql")
		must(t, err)
		for _, query := range []string{`DROP TABLE certificate_uses`, string(script)} {
			_, err := raw(t, dsn).Exec(query)
			must(t, err)
		}
		again := open(t, dsn)
		if uses, err := again.CertificateUses(t.Context()); err != nil || !cmp.Equal(want, uses) {
			t.Errorf("uses after the migration %+v, %v; want %+v", uses, err, want)
		}
	})
}

// TestAlerts: one claims a warning, another may after its patience, and nobody
// once it was given.
func TestAlerts(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		claim := func(at time.Time, want bool) {
			t.Helper()
			mine, err := db.ClaimAlert(t.Context(), "", "c1", 30, at, time.Hour)
			if err != nil || mine != want {
				t.Errorf("claim at %v: %v, %v; want %v", at, mine, err, want)
			}
		}
		claim(now, true)
		claim(now.Add(59*time.Minute), false)
		claim(now.Add(time.Hour), true)
		must(t, db.AlertSent(t.Context(), "", "c1", 30, sign.Event{ID: "sent", At: now, Action: sign.ActionAlert}))
		claim(now.AddDate(1, 0, 0), false)
		if mine, err := db.ClaimAlert(t.Context(), "", "c1", 14, now, time.Hour); err != nil || !mine {
			t.Errorf("the next step: %v, %v", mine, err)
		}
	})
}

// registryScript uses every writing method of the registry; it can be played
// again from the beginning.
func registryScript(ctx context.Context, db *ledger.DB) error {
	first, second, other := addition(1, "pass.a", ""), addition(2, "pass.a", ""), addition(1, "pass.b", "")
	steps := []func() error{
		func() error { return db.AddKey(ctx, first.Key, event("request")) },
		func() error { _, err := db.AddVersion(ctx, first, event("import")); return err },
		func() error { _, err := db.AddVersion(ctx, second, event("renew")); return err },
		func() error {
			_, err := db.AddVersion(ctx, other, event("other"))
			if errors.Is(err, sign.ErrNoEntry) {
				return nil // played again: it was removed below
			}
			return err
		},
		func() error {
			e := first.Entry
			e.Default = true
			_, err := db.UpdateEntry(ctx, e, event("change"))
			return err
		},
		func() error { return db.RemoveEntry(ctx, other.Entry.ID, event("remove")) },
		func() error { return db.SetSealingKey(ctx, sign.SealingKey{ID: "kek2", Version: 2}, event("rotate")) },
		func() error {
			_, err := db.ClaimAlert(ctx, first.Entry.ID, first.Certificate.ID, 7, now, time.Hour)
			return err
		},
		func() error { return db.AlertSent(ctx, first.Entry.ID, first.Certificate.ID, 7, event("alert")) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// TestRegistryFaults disturbs each step of the registry by an error before and
// after its commit, plays the script again, and wants what an undisturbed one
// leaves: each operation done once.
func TestRegistryFaults(t *testing.T) {
	for database, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "passmill.db") },
		"postgres": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		for _, point := range ledger.RegistryFaultPoints() {
			t.Run(database+"/"+point, func(t *testing.T) { disturbRegistry(t, point, dsn(t)) })
		}
	}
}

func disturbRegistry(t *testing.T, point, dsn string) {
	cmd := child(t, "registry", dsn)
	cmd.Env = append(cmd.Env, "FAULT="+point+":1:error")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("the point was not reached\n%s", out)
	}
	if out, err := child(t, "registry", dsn).CombinedOutput(); err != nil {
		t.Fatalf("played again: %v\n%s", err, out)
	}
	for query, want := range map[string]int64{
		`SELECT COUNT(*) FROM audit`:                                                  8,
		`SELECT COUNT(*) FROM certificate_entries`:                                    1,
		`SELECT COUNT(*) FROM certificate_keys`:                                       2,
		`SELECT COUNT(*) FROM certificate_versions`:                                   2,
		`SELECT COUNT(*) FROM certificate_versions WHERE state = 'active'`:            1,
		`SELECT COUNT(*) FROM certificate_alerts WHERE sent IS NOT NULL`:              1,
		`SELECT version FROM sealing_key`:                                             2,
		`SELECT COUNT(*) FROM certificate_entries WHERE is_default AND name = 'Card'`: 1,
	} {
		if n := number(t, dsn, query); n != want {
			t.Errorf("%s is %d, want %d", query, n, want)
		}
	}
}

func childRegistry(args []string) error {
	db, err := ledger.Open(context.Background(), args[0], ledger.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	return registryScript(context.Background(), db)
}
