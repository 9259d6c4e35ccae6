package ledger_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
	"passmill/sign"
	"passmill/sign/secret"
)

func apiKey(name, tenant string) sign.APIKey {
	return sign.APIKey{
		ID: "id-" + name, Name: name, Hash: sign.HashAPIKey(secret.New(name)), Scopes: []sign.Scope{sign.ScopeRead, sign.ScopeWrite},
		Tenant: tenant, Created: now, CreatedBy: "ada",
	}
}

// TestAPIKeys: a key is kept as it was given, once for each name, and its use is
// noted; removed, it is gone with the answers that were kept for it.
func TestAPIKeys(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn)
		shop, till := apiKey("shop", "north"), apiKey("till", "")
		must(t, db.AddAPIKey(ctx, till, event("till")))
		must(t, db.AddAPIKey(ctx, shop, event("shop")))
		must(t, db.AddAPIKey(ctx, shop, event("shop"))) // the answer to the first was lost
		if err := db.AddAPIKey(ctx, apiKey("shop", ""), event("again")); !errors.Is(err, sign.ErrTaken) {
			t.Errorf("a second key of one name: %v", err)
		}
		for _, at := range []time.Time{now.Add(time.Hour), now} { // the second was slow
			must(t, db.APIKeyUsed(ctx, shop.ID, at))
		}
		shop.Used = now.Add(time.Hour)
		keys, err := db.APIKeys(ctx)
		must(t, err)
		if diff := cmp.Diff([]sign.APIKey{shop, till}, keys); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
		got, err := db.APIKey(ctx, "shop")
		must(t, err)
		if diff := cmp.Diff(shop, got); diff != "" {
			t.Errorf("key (-want +got):\n%s", diff)
		}
		_, err = db.BeginAnswer(ctx, sign.Answer{KeyID: shop.ID, Name: "one", Request: []byte{1}, Created: now, Expires: now.Add(time.Hour)})
		must(t, err)
		must(t, db.RemoveAPIKey(ctx, "shop", event("remove")))
		if _, err := db.APIKey(ctx, "shop"); !errors.Is(err, sign.ErrNoEntry) {
			t.Errorf("a key that was removed: %v", err)
		}
		if err := db.RemoveAPIKey(ctx, "shop", event("twice")); !errors.Is(err, sign.ErrNoEntry) {
			t.Errorf("removed twice: %v", err)
		}
		events, err := db.Events(ctx, sign.EventFilter{})
		must(t, err)
		var actions []string
		for _, e := range events {
			actions = append(actions, string(e.Action))
		}
		if got := strings.Join(actions, " "); got != "key-remove key-add key-add" {
			t.Errorf("audit: %s", got)
		}
	})
}

// TestAnswers: of many who answer one request, all get the first answer; another
// request under its name is told apart; after its time the name is free.
func TestAnswers(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		ctx, db := t.Context(), open(t, dsn)
		must(t, db.AddAPIKey(ctx, apiKey("shop", ""), event("shop")))
		a := sign.Answer{KeyID: "id-shop", Name: "one", Request: []byte("first"), Created: now, Expires: now.Add(time.Hour)}

		const many = 8
		var answers [many]sign.Answer
		var group sync.WaitGroup
		for i := range many {
			group.Go(func() {
				a := a
				kept, err := db.BeginAnswer(ctx, a)
				if err != nil || string(kept.Request) != "first" {
					t.Errorf("begin: %+v, %v", kept, err)
				}
				a.Status, a.Body = 200+i, []byte{byte(i)}
				if answers[i], err = db.KeepAnswer(ctx, a); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, other := range answers[1:] {
			if diff := cmp.Diff(answers[0], other); diff != "" {
				t.Errorf("two answers to one request (-first +other):\n%s", diff)
			}
		}

		other := a
		other.Request = []byte("second")
		kept, err := db.BeginAnswer(ctx, other)
		must(t, err)
		if string(kept.Request) != "first" || kept.Status != answers[0].Status {
			t.Errorf("another request under the name: %+v", kept)
		}
		other.Created, other.Expires = a.Expires, a.Expires.Add(time.Hour)
		kept, err = db.BeginAnswer(ctx, other)
		must(t, err)
		if string(kept.Request) != "second" || kept.Status != 0 {
			t.Errorf("after its time: %+v", kept)
		}
	})
}

// apiScript uses every writing method of the REST API; it can be played again.
func apiScript(ctx context.Context, db *ledger.DB) error {
	a := sign.Answer{KeyID: "id-shop", Name: "one", Request: []byte("r"), Created: now, Expires: now.Add(time.Hour)}
	for _, step := range []func() error{
		func() error { return db.AddAPIKey(ctx, apiKey("shop", ""), event("shop")) },
		func() error { return db.AddAPIKey(ctx, apiKey("till", ""), event("till")) },
		func() error { return db.APIKeyUsed(ctx, "id-shop", now) },
		func() error { _, err := db.BeginAnswer(ctx, a); return err },
		func() error {
			a.Status, a.Body = 201, []byte("{}")
			_, err := db.KeepAnswer(ctx, a)
			return err
		},
		func() error { return db.RemoveAPIKey(ctx, "till", event("remove")) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// TestAPIFaults disturbs each step by an error before and after its commit, plays
// the script again, and wants each operation done once.
func TestAPIFaults(t *testing.T) {
	for database, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "passmill.db") },
		"postgres": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		for _, point := range ledger.APIFaultPoints() {
			t.Run(database+"/"+point, func(t *testing.T) { disturbAPI(t, point, dsn(t)) })
		}
	}
}

func disturbAPI(t *testing.T, point, dsn string) {
	cmd := child(t, "api", dsn)
	cmd.Env = append(cmd.Env, "FAULT="+point+":1:error")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("the point was not reached\n%s", out)
	}
	if out, err := child(t, "api", dsn).CombinedOutput(); err != nil {
		t.Fatalf("played again: %v\n%s", err, out)
	}
	for query, want := range map[string]int64{
		`SELECT COUNT(*) FROM audit`:                                3,
		`SELECT COUNT(*) FROM api_keys WHERE name = 'shop'`:         1,
		`SELECT COUNT(*) FROM api_keys`:                             1,
		`SELECT COUNT(*) FROM api_answers WHERE status = 201`:       1,
		`SELECT COUNT(*) FROM api_keys WHERE used > 0 AND id <> ''`: 1,
	} {
		if n := number(t, dsn, query); n != want {
			t.Errorf("%s is %d, want %d", query, n, want)
		}
	}
}

func childAPI(args []string) error {
	db, err := ledger.Open(context.Background(), args[0], ledger.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	return apiScript(context.Background(), db)
}
