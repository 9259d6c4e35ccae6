//go:build unix

package phonetest_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"passmill/jobs/ledger/pgtest"
	"passmill/output/passkit/phone"
	"passmill/output/passkit/phone/phonetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

// slowCommits makes each transaction that changed passes wait before it commits, with
// the numbers that it has taken.
const slowCommits = `
	CREATE FUNCTION wait_a_little() RETURNS trigger AS $$
	BEGIN
		PERFORM pg_sleep(random() * 0.02);
		RETURN NULL;
	END $$ LANGUAGE plpgsql;
	CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON change_counter
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_a_little()`

// TestSlowCommits lets eight writers at a time change passes in PostgreSQL, where commits
// are slow, while phones ask for changes all the time: whatever a phone is told between
// a number and its commit, it ends at the newest version.
func TestSlowCommits(t *testing.T) {
	dsn := pgtest.Start(t)
	b := openSlowBook(t, dsn)
	var writing sync.WaitGroup
	for at := range b.writers {
		writing.Go(func() {
			for range 24 {
				if err := b.write(at); err != nil {
					t.Errorf("writer %d: %v", at, err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		writing.Wait()
		close(done)
	}()
	var asking sync.WaitGroup
	phones := make([]*phone.Phone, 10)
	for i := range phones {
		phones[i] = b.phone(i)
		asking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if err := phones[i].Sync(t.Context(), ""); err != nil {
						t.Errorf("phone %d: %v", i, err)
						return
					}
				}
			}
		})
	}
	asking.Wait()
	b.must(b.finish())
	for i, p := range phones {
		b.must(p.Sync(t.Context(), ""))
		for n, pass := range p.Passes {
			want, err := b.file(i + n)
			b.must(err)
			if pass.Contents.Hash != string(want) {
				t.Errorf("phone %d holds %s, want %s", i, pass.Contents.Hash, want)
			}
		}
	}
	b.must(b.db.Close())
}

// openSlowBook opens a book whose commits are slow once its first passes are made.
func openSlowBook(t *testing.T, dsn string) *book {
	b := openBook(t, dsn, 1, 16, 8)
	admin, err := sql.Open("postgres", dsn)
	b.must(err)
	defer admin.Close()
	_, err = admin.Exec(slowCommits)
	b.must(err)
	return b
}

// phone returns a phone that holds a few passes, beginning with one of a number, and
// speaks to the book's web service.
func (b *book) phone(first int) *phone.Phone {
	handler := b.handler
	carry := carrier(func(r *http.Request) (*http.Response, error) { return phonetest.Carry(handler, r), nil })
	p := &phone.Phone{State: phone.NewState(), HTTP: &http.Client{Transport: carry}, Judge: phonetest.JudgeMemory, Now: time.Now}
	for pass := first; pass < first+3; pass++ {
		data, err := b.file(pass)
		b.must(err)
		if _, err := p.Add(b.t.Context(), data); err != nil {
			b.t.Fatal(fmt.Errorf("phone %d: %w", first, err))
		}
	}
	return p
}

type carrier func(*http.Request) (*http.Response, error)

func (f carrier) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
