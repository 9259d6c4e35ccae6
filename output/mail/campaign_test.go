package mail_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	mrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/mail"
	"passmill/sign"
)

// childVariable tells a copy of the test program to send a mailing instead of
// testing: it can be killed.
const childVariable = "MAIL_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	if err := childSend(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// childSend sends all of mailing 1 of a ledger. While nothing is due, its clock is
// put forward.
func childSend(dsn, address string) error {
	ctx := context.Background()
	start, err := strconv.ParseInt(os.Getenv(childVariable), 10, 64)
	if err != nil {
		return err
	}
	ahead := atomic.Int64{}
	now := func() time.Time { return time.UnixMilli(start).Add(time.Duration(ahead.Load())) }
	db, err := ledger.Open(ctx, dsn, ledger.Options{Now: now})
	if err != nil {
		return err
	}
	defer db.Close()
	unlock, err := db.LockMailing(ctx, 1)
	if err != nil {
		return err
	}
	defer unlock()
	s := &mail.Sender{
		Server: &mail.Server{Address: address, Plain: true, Timeout: 10 * time.Second}, Outbox: db, Connections: 8, Pause: time.Millisecond, Now: now,
		Compose: func(_ context.Context, d jobs.Delivery) (mail.Message, error) {
			return mail.Message{ID: d.ID + "@example.com", From: "shop@example.com", To: d.Recipient, Subject: "Your pass", Text: "Hello\n", Date: now()}, nil
		},
	}
	for {
		if err := s.Run(ctx, 1); err != nil {
			return err
		}
		next, err := db.NextDue(ctx, 1)
		if err != nil || next.IsZero() {
			return err
		}
		ahead.Add(int64(max(next.Sub(now()), 0) + time.Second))
	}
}

// mailing fills a ledger with passes and the mailing of them, and returns the ids
// of its deliveries by recipient.
func mailing(t testing.TB, db *ledger.DB, n int) map[string]string {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	version := jobs.Hash{1}
	must(t, db.SaveTemplate(ctx, version, "card", map[string][]byte{"template.json": []byte("{}")}))
	must(t, db.SaveCertificate(ctx, sign.Certificate{ID: "c1", TypeID: "pass.example", TeamID: "TEAM", Subject: "CN=x", NotAfter: now, DER: []byte{1}}))
	run, err := db.Begin(ctx, jobs.RunKey{Job: "members", Template: version, Sink: "dir:out"}, now)
	must(t, err)
	must(t, db.SaveRecipe(ctx, ledger.Recipe{Job: "members", Definition: []byte("x"), Dir: "."}))
	staged := make([]jobs.Staged, n)
	for i := range staged {
		serial := fmt.Sprintf("S%06d", i)
		sum := sha256.Sum256([]byte(serial))
		staged[i] = jobs.Staged{Row: i + 2, Serial: serial, Fingerprint: jobs.Hash(sum[:16]), Values: []byte{1}, Name: serial + ".pkpass"}
	}
	must(t, db.Stage(ctx, run.ID, jobs.Batch{Number: 1, Staged: staged}))
	_, err = db.Imported(ctx, run.ID)
	must(t, err)
	waiting, err := db.Waiting(ctx, run.ID, 0, n)
	must(t, err)
	made := make([]jobs.Made, n)
	for i, w := range waiting {
		made[i] = jobs.Made{Staged: w, TypeID: "pass.example", Template: version, Certificate: "c1", Size: 1}
	}
	must(t, db.Commit(ctx, run.ID, "dir:out", made, nil))
	m, err := db.PrepareMailing(ctx, jobs.Mailing{Job: "members", Letters: version, Confirmed: n})
	must(t, err)
	passes, err := db.Recipients(ctx, "members", m.ID, 0, n)
	must(t, err)
	ids, list := map[string]string{}, make([]jobs.Delivery, n)
	for i, p := range passes {
		to := fmt.Sprintf("m%d@d%d.example", i, i%7)
		list[i] = jobs.Delivery{ID: strings.ToLower(rand.Text()), Pass: p.Pass, Recipient: to, Address: sha256.Sum256([]byte(to))}
		ids[to] = list[i].ID
	}
	must(t, db.Intend(ctx, m.ID, list))
	must(t, db.SetMailing(ctx, m.ID, jobs.MailingOpen))
	return ids
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A faulty server takes mails and fails at every stage now and then: it answers
// with an error, or hangs up.
type faulty struct {
	share float64

	mu        sync.Mutex     // guards all below
	random    *mrand.Rand    // decides what fails
	taken     map[string]int // by Message-ID
	ambiguous int            // how often it hung up when it could be in doubt
	faults    int
}

// The outcomes of a roll.
const (
	fine = iota
	later
	gone
)

func (f *faulty) roll() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.random.Float64() >= f.share {
		return fine
	}
	f.faults++
	return later + f.random.IntN(2)
}

func (f *faulty) listen(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				f.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Wait()
	})
	return "localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// serve speaks SMTP. Each stage is before a command is answered, or within the mail,
// or after its end.
func (f *faulty) serve(conn net.Conn) {
	lines := bufio.NewReader(conn)
	say := func(usual string) bool {
		switch f.roll() {
		case gone:
			return false
		case later:
			if strings.HasPrefix(usual, "220") {
				fmt.Fprint(conn, "421 not now\r\n")
				return false
			}
			usual = "451 not now"
		}
		_, err := fmt.Fprintf(conn, "%s\r\n", usual)
		return err == nil
	}
	if !say("220 ready") {
		return
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.TrimSpace(line)); {
		case verb == "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		case verb == "RSET":
			fmt.Fprint(conn, "250 fine\r\n")
		case verb == "DATA":
			switch f.roll() {
			case gone:
				return
			case later:
				fmt.Fprint(conn, "451 not now\r\n")
				continue
			}
			fmt.Fprint(conn, "354 go on\r\n")
			if !f.body(conn, lines) {
				return
			}
		default:
			if !say("250 fine") {
				return
			}
		}
	}
}

// body reads a mail. That the connection breaks within it, or at its end, may leave
// the sender in doubt.
func (f *faulty) body(conn net.Conn, lines *bufio.Reader) bool {
	id := ""
	within := f.roll()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		if after, ok := strings.CutPrefix(line, "Message-ID: <"); ok {
			id, _, _ = strings.Cut(after, "@")
			if within != fine {
				f.count(&f.ambiguous)
				return false
			}
		}
		if line == ".\r\n" {
			break
		}
	}
	switch f.roll() { // before it is kept
	case gone:
		f.count(&f.ambiguous)
		return false
	case later:
		fmt.Fprint(conn, "451 not now\r\n")
		return true
	}
	f.mu.Lock()
	f.taken[id]++
	f.mu.Unlock()
	if f.roll() != fine { // after that it is too late for anything but to hang up
		f.count(&f.ambiguous)
		return false
	}
	_, err := fmt.Fprint(conn, "250 taken\r\n")
	return err == nil
}

func (f *faulty) count(n *int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*n++
}

// TestCampaign: whatever the server does, and whenever the sender is killed, nobody
// gets two mails, nobody is skipped, and what is in doubt is no more than what the
// faults and kills can explain. MAILS and SEEDS make it larger.
func TestCampaign(t *testing.T) {
	mails, seeds := fromEnv("MAILS", 400), fromEnv("SEEDS", 2)
	self, err := os.Executable()
	must(t, err)
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "passmill.db")
			db, err := ledger.Open(t.Context(), dsn, ledger.Options{})
			must(t, err)
			ids := mailing(t, db, mails)
			must(t, db.Close())
			server := &faulty{share: 0.02, random: mrand.New(mrand.NewPCG(uint64(seed), 1)), taken: map[string]int{}}
			address := server.listen(t)
			kills, random := 0, mrand.New(mrand.NewPCG(uint64(seed), 2))
			for start := time.Now(); ; start = start.Add(24 * time.Hour) {
				cmd := exec.CommandContext(t.Context(), self, dsn, address)
				cmd.Env = append(os.Environ(), childVariable+"="+strconv.FormatInt(start.UnixMilli(), 10))
				var said strings.Builder
				cmd.Stderr = &said
				must(t, cmd.Start())
				var killed atomic.Bool
				spared := kills >= 10
				timer := time.AfterFunc(time.Duration(30+random.IntN(150+mails/5))*time.Millisecond, func() {
					if !spared && cmd.Process.Kill() == nil {
						killed.Store(true)
					}
				})
				err := cmd.Wait()
				timer.Stop()
				if err == nil {
					break
				}
				if !killed.Load() {
					t.Fatalf("the sender failed: %v %s", err, said.String())
				}
				kills++
			}
			server.judge(t, dsn, ids, kills)
		})
	}
}

// judge compares what the ledger says with what the server has.
func (f *faulty) judge(t *testing.T, dsn string, ids map[string]string, kills int) {
	t.Helper()
	db, err := ledger.Open(t.Context(), dsn, ledger.Options{})
	must(t, err)
	defer db.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	doubled, states := 0, map[jobs.DeliveryState]int{}
	for id, n := range f.taken {
		if n > 1 {
			doubled++
			t.Errorf("delivery %s was taken %d times", id, n)
		}
	}
	for _, state := range jobs.DeliveryStates {
		list, err := db.Deliveries(t.Context(), 1, state, "", len(ids)+1)
		must(t, err)
		states[state] = len(list)
		for _, d := range list {
			has := f.taken[d.ID] > 0
			if has != (state == jobs.DeliverySent) && state != jobs.DeliveryInDoubt {
				t.Errorf("delivery %s is %s, and the server has it: %v", d.ID, state, has)
			}
			if ids[d.Recipient] != d.ID {
				t.Errorf("delivery %s is of somebody else", d.ID)
			}
		}
	}
	total := 0
	for _, n := range states {
		total += n
	}
	// The clock of a campaign goes on by a day for each kill, so some are given up.
	if total != len(ids) || states[jobs.DeliverySent]+states[jobs.DeliveryInDoubt]+states[jobs.DeliveryGivenUp] != total {
		t.Errorf("%d of %d deliveries: %v", total, len(ids), states)
	}
	if most := f.ambiguous + 8*kills; states[jobs.DeliveryInDoubt] > most {
		t.Errorf("%d in doubt, but only %d can be explained", states[jobs.DeliveryInDoubt], most)
	}
	t.Logf("%d mails, %d faults, %d kills: %d doubled, %d unaccounted, %d in doubt of at most %d (%d by faults)",
		len(ids), f.faults, kills, doubled, len(ids)-total, states[jobs.DeliveryInDoubt], f.ambiguous+8*kills, f.ambiguous)
}

func fromEnv(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// TestMailFaultPoints: wherever the sender dies, or a step of it fails, the next one
// goes on, and nobody gets two mails.
func TestMailFaultPoints(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	for _, point := range append(ledger.MailFaultPoints(), "mail.body", "mail.answered") {
		if strings.HasPrefix(point, "ledger.intend") {
			continue // of preparing, which is the command's
		}
		faults := []string{":2:exit"}
		if strings.HasPrefix(point, "mail.") || strings.HasPrefix(point, "ledger.delivery") {
			faults = append(faults, ":3:error")
		}
		for _, fault := range faults {
			t.Run(point+fault, func(t *testing.T) {
				dsn := filepath.Join(t.TempDir(), "passmill.db")
				db, err := ledger.Open(t.Context(), dsn, ledger.Options{})
				must(t, err)
				ids := mailing(t, db, 20)
				must(t, db.Close())
				server := &faulty{random: mrand.New(mrand.NewPCG(1, 1)), taken: map[string]int{}}
				address := server.listen(t)
				start := time.Now()
				for try, faults := range []string{"FAULT=" + point + fault, "FAULT="} {
					cmd := exec.CommandContext(t.Context(), self, dsn, address)
					cmd.Env = append(os.Environ(), childVariable+"="+strconv.FormatInt(start.Add(time.Duration(try)*24*time.Hour).UnixMilli(), 10), faults)
					out, err := cmd.CombinedOutput()
					if try == 1 && err != nil {
						t.Fatalf("it does not go on: %v %s", err, out)
					}
				}
				server.judge(t, dsn, ids, 1)
			})
		}
	}
}
