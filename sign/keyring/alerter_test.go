package keyring_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passmill/jobs/ledger"
	"passmill/jobs/ledger/pgtest"
	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
	"passmill/sign/signtest"
)

const operator = "operator@example.com"

// start is when the simulated year begins.
var start = time.Date(2027, 1, 1, 9, 0, 0, 0, time.UTC)

func dayN(n int) time.Time { return start.Add(time.Duration(n) * 24 * time.Hour) }

// A post is a pretend mail server: it keeps what it was handed.
type post struct {
	mu    sync.Mutex
	mails []arrived // guarded by mu
}

type arrived struct {
	keyring.Letter
	at time.Time
}

func (p *post) take(l keyring.Letter, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, arrived{l, at})
}

// errDead is what a process gets that was killed: nothing that it does has an
// effect any more.
var errDead = errors.New("killed")

// A process is one that gives warnings, and may be killed at its n-th step.
type process struct {
	*ledger.DB
	post    *post
	now     time.Time
	left    int  // steps until it is killed; less than 0 for never
	spared  bool // it is not killed between the mail's end and its record
	ended   bool // a mail's end was written and not yet recorded
	doubted int  // how often it was killed then
}

// step counts; it fails if the process is dead.
func (p *process) step() error {
	if p.left == 0 && !(p.spared && p.ended) {
		if p.ended {
			p.doubted++
		}
		p.ended = false
		p.left = 1 << 62
		p.spared = false
		p.DB = nil
	}
	if p.DB == nil {
		return errDead
	}
	if p.left > 0 {
		p.left--
	}
	return nil
}

func (p *process) ClaimAlert(ctx context.Context, entry, certificate string, step int, now time.Time, patience time.Duration) (bool, error) {
	if err := p.step(); err != nil {
		return false, err
	}
	return p.DB.ClaimAlert(ctx, entry, certificate, step, now, patience)
}

func (p *process) SetAlertMail(ctx context.Context, m sign.AlertMail, claimed, now time.Time) error {
	if err := p.step(); err != nil {
		return err
	}
	p.ended = false
	return p.DB.SetAlertMail(ctx, m, claimed, now)
}

func (p *process) AlertSent(ctx context.Context, entry, certificate string, step int, e sign.Event) error {
	if err := p.step(); err != nil {
		return err
	}
	return p.DB.AlertSent(ctx, entry, certificate, step, e)
}

func (p *process) AlertMails(ctx context.Context, entry, certificate string, step int) ([]sign.AlertMail, error) {
	if err := p.step(); err != nil {
		return nil, err
	}
	return p.DB.AlertMails(ctx, entry, certificate, step)
}

func (p *process) send(_ context.Context, l keyring.Letter, ending func() error) (sign.AlertMailState, error) {
	if err := p.step(); err != nil {
		return sign.AlertMailWaiting, err
	}
	if err := ending(); err != nil {
		return sign.AlertMailWaiting, err
	}
	p.post.take(l, p.now)
	p.ended = true
	return sign.AlertMailSent, nil
}

// run gives warnings once.
func (p *process) run(ctx context.Context, log *slog.Logger) error {
	r := &keyring.Ring{Store: p.DB, Actor: "test", Now: func() time.Time { return p.now }}
	a := &keyring.Alerter{Ring: r, Book: p, Post: p.send, Operator: operator, Log: log}
	_, err := a.Run(ctx)
	return err
}

// certificate returns a record that ends at a time.
func certificate(id string, until time.Time) sign.Certificate {
	return sign.Certificate{
		ID: id + strings.Repeat("0", 64-len(id)), TypeID: "pass." + id, TeamID: "TEAM", Subject: "CN=" + id,
		NotBefore: until.AddDate(0, 0, -395), NotAfter: until, DER: []byte(id),
	}
}

// add puts a certificate into the registry.
func add(t *testing.T, db *ledger.DB, kind sign.Kind, base, id string, until time.Time, intermediate []byte) sign.Entry {
	t.Helper()
	c := certificate(id, until)
	e, err := db.AddVersion(t.Context(), sign.Addition{
		Entry: sign.Entry{
			ID: "entry-of-" + base, Kind: kind, Vendor: sign.VendorApple, Name: "Name of " + base, BaseName: base, TeamID: "TEAM",
			Contact: base + "@example.com", Enabled: true,
		},
		Certificate: c, Intermediate: intermediate,
		Key: sign.Key{ID: "key-" + id, Kind: kind, BaseName: base, Algorithm: "EC P-256", Sealed: sign.Sealed{Data: []byte("x"), By: "k", Version: 1}, Created: start},
	}, sign.Event{At: start, Actor: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// intermediate returns one that ends some days after the start.
func intermediate(t *testing.T, end int) (der []byte, record sign.Certificate) {
	t.Helper()
	authority, err := signtest.NewAuthority(dayN(end - 5*365))
	if err != nil {
		t.Fatal(err)
	}
	c, err := sign.Read(sign.File{Name: "wwdr.pem", Data: authority.IntermediatePEM()}, noPassword)
	if err != nil {
		t.Fatal(err)
	}
	cert := c.Certificates()[0]
	return cert.Raw, sign.RecordOf(cert)
}

// expected returns what has to arrive, by recipient, certificate and step.
func expected(steps []int, id string, to ...string) []string {
	var list []string
	for _, s := range steps {
		for _, r := range append(to, operator) {
			list = append(list, mailKey(r, id, s))
		}
	}
	return list
}

func mailKey(to, id string, step int) string { return fmt.Sprintf("%s %.16s %d", to, id, step) }

// keyOf reads the same from a mail.
func keyOf(t *testing.T, l keyring.Letter) string {
	t.Helper()
	var id string
	var step int
	parts := strings.Split(l.ID, "-")
	if len(parts) != 4 {
		t.Fatalf("id %q", l.ID)
	}
	id = parts[1]
	if _, err := fmt.Sscan(parts[2], &step); err != nil {
		t.Fatal(err)
	}
	return mailKey(l.To, id, step)
}

// TestYear simulates a year in which two processes give warnings on one ledger,
// both at random times, often at once, and each of them killed at random steps.
// Every mail arrives, and none twice; but for those whose process died when the
// mail was handed over and not yet recorded, which arrive at most once more, and
// under the same id.
func TestYear(t *testing.T) {
	for _, c := range []struct {
		name   string
		spared bool
		seed   uint64
		dsn    func(t *testing.T) string
	}{
		{"sqlite", true, 1, func(t *testing.T) string { return filepath.Join(t.TempDir(), "passmill.db") }},
		{"sqlite, killed in doubt", false, 2, func(t *testing.T) string { return filepath.Join(t.TempDir(), "passmill.db") }},
		{"postgres", true, 3, func(t *testing.T) string { return pgtest.Start(t) }},
	} {
		t.Run(c.name, func(t *testing.T) { year(t, c.dsn(t), c.spared, rand.New(rand.NewPCG(c.seed, 4))) })
	}
}

// pause is the time to the next run: short in the two days after a step, of which
// there is one at most every day, and long when nothing happens.
func pause(random *rand.Rand, now time.Time) time.Duration {
	for _, end := range []int{100, 200, 250, 300} {
		for _, step := range keyring.AlertSteps {
			if after := now.Sub(dayN(end - step)); after > -20*time.Hour && after < 28*time.Hour {
				return 20*time.Minute + time.Duration(random.Int64N(int64(5*time.Hour)))
			}
		}
	}
	return 5*time.Hour + time.Duration(random.Int64N(int64(15*time.Hour)))
}

func year(t *testing.T, dsn string, spared bool, random *rand.Rand) {
	var dbs [2]*ledger.DB
	for i := range dbs {
		db, err := ledger.Open(t.Context(), dsn, ledger.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		dbs[i] = db
	}
	der, im := intermediate(t, 250)
	add(t, dbs[0], sign.KindPass, "renewed", "aa", dayN(200), der)
	add(t, dbs[0], sign.KindPass, "forgotten", "bb", dayN(300), der)
	add(t, dbs[0], sign.KindPush, "push", "cc", dayN(100), nil)
	off := add(t, dbs[0], sign.KindPass, "disabled", "dd", dayN(150), nil)
	off.Enabled = false
	if _, err := dbs[0].UpdateEntry(t.Context(), off, sign.Event{At: start}); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(
		expected([]int{60, 30, 14}, certificate("aa", start).ID, "renewed@example.com"),
		expected(keyring.AlertSteps, certificate("bb", start).ID, "forgotten@example.com"),
		expected(keyring.AlertSteps, certificate("cc", start).ID, "push@example.com"),
		expected(keyring.AlertSteps, im.ID, "forgotten@example.com", "renewed@example.com"),
	)
	var post post
	log := slog.New(slog.DiscardHandler)
	kills, doubts, runs, streak, renewed := 0, 0, 0, 0, false
	for now := start; now.Before(dayN(366)); now = now.Add(pause(random, now)) {
		if !renewed && now.After(dayN(190)) {
			add(t, dbs[0], sign.KindPass, "renewed", "ee", dayN(190+395), der)
			renewed = true
		}
		var group sync.WaitGroup
		var all []*process
		for i, db := range dbs {
			if random.IntN(3) == 0 && (i == 0 || len(all) > 0) {
				continue
			}
			p := &process{DB: db, post: &post, now: now, left: -1, spared: spared}
			if random.IntN(2) == 0 && streak < 2 { // killed each time, nobody could warn
				p.left = random.IntN(12)
			}
			all = append(all, p)
			runs++
			group.Go(func() {
				if err := p.run(t.Context(), log); err != nil && !errors.Is(err, errDead) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		streak++
		for _, p := range all {
			if p.DB == nil {
				kills++
			}
			if p.left < 0 {
				streak = 0
			}
			doubts += p.doubted
		}
	}
	var got []string
	again := map[string]string{}
	doubled := 0
	for _, m := range post.mails {
		key := keyOf(t, m.Letter)
		if id, twice := again[key]; twice {
			doubled++
			if id != m.ID {
				t.Errorf("%s came again with another id", key)
			}
			continue
		}
		again[key] = m.ID
		got = append(got, key)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	if doubled > doubts || spared && doubled > 0 {
		t.Errorf("%d mails came twice, and %d were in doubt", doubled, doubts)
	}
	if !spared && (doubts == 0 || doubled == 0) {
		t.Errorf("%d mails in doubt, %d came twice: the test shows nothing", doubts, doubled)
	}
	if kills < 10 {
		t.Errorf("%d processes were killed: the test shows little", kills)
	}
	t.Logf("%d runs, %d of them killed at work, %d of them with a mail in doubt: %d mails, 0 missed, %d doubled", runs, kills, doubts, len(post.mails), doubled)
}

// alerter returns one on a new ledger, with a post.
func alerter(t *testing.T, now *time.Time) (*keyring.Alerter, *ledger.DB, *post) {
	t.Helper()
	db, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "passmill.db"), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := &post{}
	return &keyring.Alerter{
		Ring: &keyring.Ring{Store: db, Actor: "test", Now: func() time.Time { return *now }},
		Book: db, Operator: operator, Log: slog.New(slog.DiscardHandler),
		Post: func(_ context.Context, l keyring.Letter, ending func() error) (sign.AlertMailState, error) {
			if err := ending(); err != nil {
				return sign.AlertMailWaiting, err
			}
			p.take(l, *now)
			return sign.AlertMailSent, nil
		},
	}, db, p
}

func works(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var noPassword secret.Text

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

// TestMissedSteps: if nothing ran for a while, the nearest step is given and those
// before it are not.
func TestMissedSteps(t *testing.T) {
	for day, want := range map[int]int{39: -1, 41: 60, 69: 60, 71: 30, 92: 14, 98: 3, 99: 1, 100: 0, 130: 0} {
		now := dayN(day).Add(time.Minute)
		a, db, p := alerter(t, &now)
		add(t, db, sign.KindPass, "a", "aa", dayN(100), nil)
		for range 3 {
			_, err := a.Run(t.Context())
			works(t, err)
		}
		var got []string
		for _, m := range p.mails {
			got = append(got, keyOf(t, m.Letter))
		}
		var expect []string
		if want >= 0 {
			expect = expected([]int{want}, certificate("aa", now).ID, "a@example.com")
		}
		if diff := cmp.Diff(expect, got); diff != "" {
			t.Errorf("day %d (-want +got):\n%s", day, diff)
		}
	}
}

// TestAnswers: what each answer of a server leads to, over several runs.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		answer  sign.AlertMailState
		tries   int // in four runs, one every hour
		given   int // in which run the warning counts as given; 0 for never
		doubted bool
	}{
		{sign.AlertMailSent, 1, 1, true},
		{sign.AlertMailRefused, 1, 1, true},
		{sign.AlertMailRefused, 1, 1, false},
		{sign.AlertMailWaiting, 4, 0, false},
		{sign.AlertMailWaiting, 4, 0, true},
		{sign.AlertMailInDoubt, 2, 2, true},
	} {
		now := dayN(50)
		a, db, _ := alerter(t, &now)
		a.Operator = ""
		add(t, db, sign.KindPass, "a", "aa", dayN(100), nil)
		tries, given := 0, 0
		ids := map[string]bool{}
		a.Post = func(_ context.Context, l keyring.Letter, ending func() error) (sign.AlertMailState, error) {
			tries++
			ids[l.ID] = true
			if c.doubted {
				works(t, ending())
			}
			if c.answer == sign.AlertMailSent {
				return c.answer, nil
			}
			return c.answer, errors.New("so said the server")
		}
		for run := 1; run <= 4; run++ {
			list, err := a.Run(t.Context())
			if len(list) > 0 {
				given = run
			}
			if fails := err != nil; fails != (c.answer != sign.AlertMailSent && (given == 0 || given == run)) {
				t.Errorf("%s, run %d: error %v", c.answer, run, err)
			}
			now = now.Add(10 * time.Minute) // within the patience nobody else tries
			if list, err := a.Run(t.Context()); err != nil || len(list) > 0 {
				t.Errorf("%s, after run %d: %d given, %v", c.answer, run, len(list), err)
			}
			now = now.Add(50 * time.Minute)
		}
		if tries != c.tries || given != c.given || len(ids) != 1 {
			t.Errorf("%s: tried %d times under %d ids, given in run %d; want %d, 1, %d", c.answer, tries, len(ids), given, c.tries, c.given)
		}
	}
}

// TestLetter: the mail says which certificate, until when, who uses it, and what
// to do.
func TestLetter(t *testing.T) {
	now := dayN(90)
	a, db, p := alerter(t, &now)
	var log strings.Builder
	a.Log = slog.New(slog.NewTextHandler(&log, nil))
	add(t, db, sign.KindPass, "a", "aa", dayN(100), nil)
	add(t, db, sign.KindPush, "com.apple.mgmt.External.1", "bb", dayN(97), nil)
	_, err := a.Run(t.Context())
	works(t, err)
	if len(p.mails) != 4 {
		t.Fatalf("%d mails, want 4", len(p.mails))
	}
	push, pass := p.mails[0], p.mails[2]
	for _, c := range []struct {
		text string
		want []string
	}{
		{pass.Subject, []string{"Pass certificate Name of a expires in 10 days, on 11 April 2027"}},
		{pass.Text, []string{
			`"Name of a" (a) expires in 10 days, on 11 April 2027.`, "No job has used it yet.",
			"passmill cert request --pass-type a --email a@example.com\n", "https://developer.apple.com/account/resources/identifiers/list/passTypeId", "passmill cert import FILE.cer",
		}},
		{push.Subject, []string{"Push certificate Name of com.apple.mgmt.External.1 expires in 7 days"}},
		{push.Text, []string{"cert request --push --apple-id com.apple.mgmt.External.1@example.com\n", "same Apple ID", "https://identity.apple.com/pushcert/"}},
		{log.String(), []string{"certificate expires in 10 days, on 11 April 2027", "step=14"}},
	} {
		for _, want := range c.want {
			if !strings.Contains(c.text, want) {
				t.Errorf("%q is not in:\n%s", want, c.text)
			}
		}
	}
	events, err := db.Events(t.Context(), sign.EventFilter{})
	works(t, err)
	if e := events[0]; e.Action != sign.ActionAlert || !strings.Contains(e.Detail, "mail to a@example.com: sent, mail to operator@example.com: sent") {
		t.Errorf("audit: %+v", e)
	}
	// A later run of the day says nothing more.
	log.Reset()
	_, err = a.Run(t.Context())
	works(t, err)
	if len(p.mails) != 4 || log.Len() > 0 {
		t.Errorf("%d mails, log %s", len(p.mails), log.String())
	}
}

// TestNobodyToMail: without a server, the warning stands in the log, once.
func TestNobodyToMail(t *testing.T) {
	now := dayN(90)
	a, db, _ := alerter(t, &now)
	var log strings.Builder
	a.Log, a.Post = slog.New(slog.NewTextHandler(&log, nil)), nil
	add(t, db, sign.KindPass, "a", "aa", dayN(100), nil)
	for range 3 {
		_, err := a.Run(t.Context())
		works(t, err)
	}
	if n := strings.Count(log.String(), "expires in 10 days"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}
