//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/sign/signtest"
)

// open opens the ledger of the sandbox.
func (s *sandbox) open() *ledger.DB {
	s.t.Helper()
	space, err := findWorkspace(s.dir, s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	db, err := space.open(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { db.Close() })
	return db
}

// scheduled adds the sandbox's job to the ledger, with more keys, as if its schedule had
// been there for a while.
func (s *sandbox) scheduled(keys string, since time.Duration) {
	s.t.Helper()
	s.write("members.yaml", mustRead(s.t, s.path("members.yaml"))+keys)
	for _, args := range [][]string{{"key", "init"}, {"job", "add", "members.yaml"}} {
		if out, err := s.command(nil, args...).CombinedOutput(); err != nil {
			s.t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	db := s.open()
	stored, err := db.Job(s.t.Context(), "members")
	if err != nil {
		s.t.Fatal(err)
	}
	plan, ok, err := planOf("members", string(stored.Definition))
	if err != nil || !ok {
		s.t.Fatalf("no plan: %v", err)
	}
	if _, err := db.SlotsEntered(s.t.Context(), "members", plan.Text, time.Now().Add(-since)); err != nil {
		s.t.Fatal(err)
	}
}

// ended waits until the newest slot of a job has ended.
func (s *sandbox) ended(db *ledger.DB, job string) jobs.Slot {
	s.t.Helper()
	for {
		last, err := db.LastSlots(s.t.Context(), job, 1)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(last) > 0 && !last[0].State.Open() {
			return last[0]
		}
		time.Sleep(20 * time.Millisecond) // a process of its own can only be looked at
	}
}

// A receiver takes what a webhook posts.
type receiver struct {
	mu     sync.Mutex
	events []notice // guarded by mu
	deny   int      // guarded by mu: how many are refused first
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deny > 0 {
		r.deny--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var n notice
	body, err := io.ReadAll(q.Body)
	if err == nil {
		err = json.Unmarshal(body, &n)
	}
	if err != nil || q.Header.Get("Webhook-Id") != n.ID || !strings.HasPrefix(q.Header.Get("Webhook-Signature"), "v1,") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.events = append(r.events, n)
}

func (r *receiver) all() []notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// TestServeKeepsSchedules: a server makes up for the times that it missed, once, in a
// process of its own; the operator hears of refused rows by mail and by webhook; and no
// log holds anything of a customer's.
func TestServeKeepsSchedules(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 20, database(t))
			s.write("members.csv", mustRead(t, s.path("members.csv"))+"M9,,Zacharias,Gold,1,\n")
			mails, hook := startMail(t), &receiver{}
			address := httptest.NewServer(hook)
			defer address.Close()
			mails.settings(s)
			s.write("passmill.yaml", mustRead(t, s.path("passmill.yaml"))+fmt.Sprintf("webhook: {url: %q, secretEnv: HOOK_SECRET}\n", address.URL))
			t.Setenv("HOOK_SECRET", "a secret of the test of webhooks")
			t.Setenv("SSL_CERT_FILE", s.path("mail-root.pem"))
			s.scheduled("schedule: {cron: \"30 * * * *\", timezone: Asia/Kolkata}\nnotify: {refused: \"1%\"}\n", 5*time.Hour)
			db, v := s.open(), s.serve()
			slot := s.ended(db, "members")
			if slot.State != jobs.SlotPartly || slot.Passed < 3 || slot.Passed > 5 || slot.Tries != 1 {
				t.Errorf("slot %+v\n%s", slot, v.log)
			}
			run, err := db.Run(t.Context(), slot.Run)
			if err != nil || run.StartedBy != "schedule "+slot.Local || run.Count != (jobs.Count{Rows: 21, Made: 20, Refused: 1}) {
				t.Errorf("run %+v, %v", run, err)
			}
			for len(hook.all()) == 0 || len(mails.all()) == 0 {
				time.Sleep(20 * time.Millisecond) // as above
			}
			v.stop()
			if got := hook.all()[0]; len(hook.all()) != 1 || got.Type != runRefused || got.Job != "members" || got.Run != run.ID || got.Refused != 1 || got.Rows != 21 || got.ID != fmt.Sprintf("slot-%d", slot.ID) {
				t.Errorf("posted: %+v", hook.all())
			}
			if m := mails.all(); len(m) != 1 || !strings.HasPrefix(m[0], "operator@example.com\n") || !strings.Contains(m[0], "Subject: job \"members\" refused 1 of 21 rows") || !strings.Contains(m[0], fmt.Sprintf("passmill run show %d", run.ID)) {
				t.Errorf("mailed: %q", m)
			}
			for _, canary := range []string{"Zacharias", "M00001", "M9", "Lovelace"} {
				if strings.Contains(v.log.String(), canary) || strings.Contains(strings.Join(mails.all(), ""), canary) || strings.Contains(fmt.Sprint(hook.all()), canary) {
					t.Errorf("%s is in the log, the mail or the webhook:\n%s", canary, v.log)
				}
			}
			if !strings.Contains(v.log.String(), `"msg":"job ended","job":"members"`) || !strings.Contains(v.log.String(), `"refused":1`) {
				t.Errorf("log:\n%s", v.log)
			}
			code, out, _ := s.run("--database", cmpDatabase(s), "run", "show", fmt.Sprint(run.ID))
			if code != exitDone || !strings.Contains(out, "operator@example.com: sent") || !strings.Contains(out, "webhook: sent") || !strings.Contains(out, "times before it missed") {
				t.Errorf("run show: %d\n%s", code, out)
			}
		})
	}
}

// cmpDatabase names the sandbox's ledger from any folder.
func cmpDatabase(s *sandbox) string {
	if s.database != "" {
		return s.database
	}
	return filepath.Join(s.dir, ledgerFile)
}

// TestServeTellsFailures: a job that can't run is told, once; and one whose missed
// times are not made up for waits for the next.
func TestServeTellsFailures(t *testing.T) {
	s := newSandbox(t, 5, "")
	hook := &receiver{deny: 1}
	address := httptest.NewServer(hook)
	defer address.Close()
	t.Setenv("HOOK_SECRET", "a secret of the test of webhooks")
	s.write("passmill.yaml", fmt.Sprintf("webhook: {url: %q, secretEnv: HOOK_SECRET}\n", address.URL))
	s.scheduled("schedule: {cron: \"30 2 * * *\", timezone: UTC, missed: once}\n", 30*time.Hour)
	if err := os.Remove(s.path("members.csv")); err != nil {
		t.Fatal(err)
	}
	db, v := s.open(), s.serve()
	slot := s.ended(db, "members")
	if slot.State != jobs.SlotFailed || !strings.Contains(slot.Reason, "members.csv") || slot.Run == 0 {
		t.Errorf("slot %+v\n%s", slot, v.log)
	}
	for !strings.Contains(v.log.String(), "was answered with status 503") {
		time.Sleep(20 * time.Millisecond) // as above
	}
	v.stop()
	// A minute later another process tries again.
	notify, err := newNotifier(db, mustSpace(t, s), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := notify.deliver(t.Context()); err != nil || len(hook.all()) > 0 {
		t.Errorf("tried again at once: %v, %+v", err, hook.all())
	}
	for range 2 {
		notify.now = func() time.Time { return time.Now().Add(2 * time.Minute) }
		if err := notify.deliver(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if got := hook.all(); len(got) != 1 || got[0].Type != runFailed || got[0].ID != fmt.Sprintf("slot-%d", slot.ID) || !strings.Contains(got[0].Failure, "members.csv") {
		t.Errorf("posted: %+v", got)
	}

	s = newSandbox(t, 5, "")
	s.scheduled("schedule: {cron: \"30 2 1 1 *\", timezone: UTC, missed: skip}\n", 500*24*time.Hour)
	db, v = s.open(), s.serve()
	if slot := s.ended(db, "members"); slot.State != jobs.SlotMissed || slot.Run != 0 {
		t.Errorf("slot %+v\n%s", slot, v.log)
	}
}

func mustSpace(t *testing.T, s *sandbox) workspace {
	t.Helper()
	space, err := findWorkspace(s.dir, s.database)
	if err != nil {
		t.Fatal(err)
	}
	return space
}

// TestServerStopsJobs: a server that is told to stop, or killed, leaves a run that
// another one goes on with.
func TestServerStopsJobs(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			s := newSandbox(t, 2000, "")
			s.certificate(signtest.Options{}) // RSA, so that there is time to stop it
			s.scheduled("schedule: {cron: \"* * * * *\", timezone: UTC}\n", time.Hour)
			db := s.open()
			first := s.server()
			for len(s.files()) == 0 {
				time.Sleep(10 * time.Millisecond) // as above
			}
			first.signal(sig)
			first.wait()
			if code := first.cmd.ProcessState.ExitCode(); sig == syscall.SIGTERM && code != exitDone {
				t.Errorf("exit status %d\n%s", code, first.log)
			}
			open, err := db.OpenSlots(t.Context())
			for err == nil && len(open) == 1 && open[0].State == jobs.SlotRunning { // its process finds that it is alone
				time.Sleep(10 * time.Millisecond)
				open, err = db.OpenSlots(t.Context())
			}
			if err != nil || len(open) != 1 || open[0].State != jobs.SlotDue || open[0].Tries != 0 {
				t.Fatalf("open: %+v, %v\n%s", open, err, first.log)
			}
			made := len(s.files())
			second := s.server()
			slot := open[0]
			for slot.State.Open() {
				time.Sleep(20 * time.Millisecond)
				if slot, err = db.Slot(t.Context(), slot.ID); err != nil {
					t.Fatal(err)
				}
			}
			second.signal(syscall.SIGTERM)
			second.wait()
			run, err := db.Run(t.Context(), slot.Run)
			if err != nil || slot.State != jobs.SlotDone || run.ID != 1 || run.Count.Made != s.rows || made == s.rows {
				t.Errorf("slot %+v, run %+v, %v; %d files at the stop\n%s", slot, run, err, made, second.log)
			}
		})
	}
}

// A server is a process that serves a sandbox, for tests that are rough with it.
type server struct {
	cmd *exec.Cmd
	log *lockedBuffer
}

func (s *sandbox) server(args ...string) *server {
	s.t.Helper()
	v := &server{s.command(nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--slot-pause", "50ms", "--slot-lease", "2s"}, args...)...), &lockedBuffer{}}
	v.cmd.Stderr = v.log
	if err := v.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { v.cmd.Process.Kill() })
	return v
}

func (v *server) signal(sig syscall.Signal) { v.cmd.Process.Signal(sig) }
func (v *server) wait()                     { v.cmd.Wait() }

// TestManyServers: servers on one ledger work on the slots of several jobs while some
// of them, or of the processes that they have started, are stopped for longer than they
// may give no sign of life, or killed. Each slot is done, and each row made once. SLOTS=N does
// so many slots, SERVERS=N with so many servers, and SEED repeats it.
func TestManyServers(t *testing.T) {
	slots, servers, seed := 6, 2, uint64(time.Now().UnixNano())
	for name, n := range map[string]any{"SLOTS": &slots, "SERVERS": &servers, "SEED": &seed} {
		if text := os.Getenv(name); text != "" {
			if _, err := fmt.Sscan(text, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			t.Logf("%d slots, %d servers, SEED=%d", slots, servers, seed)
			c := &roughness{sandbox: newSandbox(t, 3, database(t)), random: rand.New(rand.NewPCG(seed, 1))}
			c.prepare(3)
			for range servers {
				c.servers = append(c.servers, c.server())
			}
			for n := range slots {
				c.round(n)
			}
			c.finish(slots)
		})
	}
}

// A roughness is one of TestManyServers.
type roughness struct {
	*sandbox
	random  *rand.Rand
	db      *ledger.DB
	jobs    []string
	servers []*server
	stopped int
	killed  int
}

func (c *roughness) prepare(n int) {
	c.t.Helper()
	text := mustRead(c.t, c.path("members.yaml"))
	if out, err := c.command(nil, "key", "init").CombinedOutput(); err != nil {
		c.t.Fatalf("%v\n%s", err, out)
	}
	for i := range n {
		job := fmt.Sprint("job", i)
		c.jobs = append(c.jobs, job)
		c.members(func(int) string { return "Gold" })
		if err := os.Rename(c.path("members.csv"), c.path(job+".csv")); err != nil {
			c.t.Fatal(err)
		}
		csv := strings.ReplaceAll(mustRead(c.t, c.path(job+".csv")), "\nM", fmt.Sprintf("\n%d-M", i))
		c.write(job+".csv", csv)
		c.write(job+".yaml", strings.NewReplacer("members.csv", job+".csv", "dir: out", "dir: out/"+job).Replace(text))
		if out, err := c.command(nil, "job", "add", job+".yaml").CombinedOutput(); err != nil {
			c.t.Fatalf("%v\n%s", err, out)
		}
	}
	c.db = c.open()
}

// round enters a slot for each job once its last has ended, and is rough with a process
// meanwhile.
func (c *roughness) round(n int) {
	c.t.Helper()
	for _, job := range c.jobs {
		if err := c.db.EnterSlots(c.t.Context(), []jobs.Slot{{
			Job: job, Local: fmt.Sprintf("round %d", n), Instant: time.UnixMilli(int64(1e12 + n)), State: jobs.SlotDue,
		}}); err != nil {
			c.t.Fatal(err)
		}
	}
	i := c.random.IntN(len(c.servers))
	time.Sleep(time.Duration(c.random.IntN(400)) * time.Millisecond) // whatever it does by then
	switch v := c.servers[i]; c.random.IntN(4) {
	case 0:
		c.killed++
		v.signal(syscall.SIGKILL)
		v.wait()
		c.servers[i] = c.server()
	case 1:
		c.freeze(v.cmd.Process.Pid)
	case 2:
		for _, child := range childrenOf(v.cmd.Process.Pid) {
			c.freeze(child)
		}
	}
	for _, job := range c.jobs {
		c.ended(c.db, job)
	}
}

// freeze stops a process, and wakes it after longer than it may give no sign of life.
func (c *roughness) freeze(pid int) {
	c.stopped++
	syscall.Kill(pid, syscall.SIGSTOP)
	time.AfterFunc(time.Duration(1500+c.random.IntN(4000))*time.Millisecond, func() { syscall.Kill(pid, syscall.SIGCONT) })
}

// childrenOf returns the processes that one has started.
func childrenOf(pid int) (children []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		for word := range strings.FieldsSeq(string(text)) {
			var child int
			if _, err := fmt.Sscan(word, &child); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// finish stops the servers and looks at what became of all slots.
func (c *roughness) finish(slots int) {
	c.t.Helper()
	for _, v := range c.servers {
		v.signal(syscall.SIGCONT)
		v.signal(syscall.SIGTERM)
		v.wait()
	}
	runs, err := c.db.Runs(c.t.Context(), "", 1_000_000)
	if err != nil {
		c.t.Fatal(err)
	}
	byJob, made := map[string]int{}, map[string]int{}
	for _, r := range runs {
		byJob[r.Key.Job+" "+r.StartedBy]++
		made[r.Key.Job] += r.Count.Made
		if r.State != jobs.RunDone {
			c.t.Errorf("run %+v", r)
		}
	}
	tries := 0
	for _, job := range c.jobs {
		list, err := c.db.LastSlots(c.t.Context(), job, slots+1)
		if err != nil || len(list) != slots {
			c.t.Errorf("job %s has %d slots, %v", job, len(list), err)
		}
		for _, s := range list {
			tries += int(s.Fence)
			// A process that dies between the end of its run and that of its slot leaves a
			// slot that another does again, which finds everything made.
			if n := byJob[job+" schedule "+s.Local]; s.State != jobs.SlotDone || n < 1 || n > int(s.Fence) {
				c.t.Errorf("slot %+v: %d runs", s, n)
			}
		}
		if made[job] != c.rows {
			c.t.Errorf("job %s has %d rows, and %d passes were made", job, c.rows, made[job])
		}
	}
	c.t.Logf("%d slots were done by %d runs; %d were taken more than once; %d processes were stopped, %d killed", slots*len(c.jobs), len(runs), tries-slots*len(c.jobs), c.stopped, c.killed)
}

// TestMakeNotify: a run of the system's cron is told as one of the server, and what was
// not told is told by the next.
func TestMakeNotify(t *testing.T) {
	s := newSandbox(t, 9, "")
	hook := &receiver{deny: 1}
	address := httptest.NewServer(hook)
	defer address.Close()
	t.Setenv("HOOK_SECRET", "a secret of the test of webhooks")
	s.write("passmill.yaml", fmt.Sprintf("webhook: {url: %q, secretEnv: HOOK_SECRET}\n", address.URL))
	s.write("members.yaml", mustRead(t, s.path("members.yaml"))+"notify: {refused: \"10%\"}\n")
	tell := func(want int, says string) {
		t.Helper()
		out, err := s.command(nil, "make", "--notify", "members.yaml").CombinedOutput()
		if code := exitOf(err); code != want || !strings.Contains(string(out), says) {
			t.Errorf("exit status %d, want %d\n%s", code, want, out)
		}
	}
	tell(exitDone, "9 rows: 9 made")
	good := mustRead(t, s.path("members.csv"))
	s.write("members.csv", good+"M9,,Zacharias,Gold,1,\n") // a tenth is not more than that
	tell(exitPartly, "1 refused")
	if len(hook.all()) > 0 {
		t.Errorf("told: %+v", hook.all())
	}
	s.write("members.csv", good+"M9,,Zacharias,Gold,1,\nM10,,Zacharias,Gold,1,\n")
	tell(exitPartly, "webhook: was answered with status 503")
	if err := os.Remove(s.path("members.csv")); err != nil {
		t.Fatal(err)
	}
	tell(exitNotDone, "members.csv")
	if got := hook.all(); len(got) != 1 || got[0].Type != runFailed || got[0].Run != 4 || !strings.HasPrefix(got[0].StartedBy, "command ") {
		t.Errorf("told: %+v", got)
	}
	db := s.open()
	notify, err := newNotifier(db, mustSpace(t, s), nil)
	if err != nil {
		t.Fatal(err)
	}
	notify.now = func() time.Time { return time.Now().Add(2 * time.Minute) }
	if err := notify.deliver(t.Context()); err != nil {
		t.Error(err)
	}
	if got := hook.all(); len(got) != 2 || got[1].Type != runRefused || got[1].Run != 3 || got[1].Refused != 2 || strings.Contains(fmt.Sprint(got), "M9") {
		t.Errorf("told: %+v", got)
	}
}

func exitOf(err error) int {
	if err == nil {
		return exitDone
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return -1
}

// TestFailureText: why a run failed holds nothing of a customer's.
func TestFailureText(t *testing.T) {
	got := failureText(errors.New("write passes: out/ab/M00001.pkpass: no space left on device\nmail to Ada <ada.l@example.com>, bob@x.example: refused"))
	if want := "write passes: a pass: no space left on device\nmail to Ada <an address>, an address: refused"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if long := failureText(errors.New(strings.Repeat("ü", 3000))); len(long) > 2010 || !utf8.ValidString(long) {
		t.Errorf("%d bytes", len(long))
	}
}
