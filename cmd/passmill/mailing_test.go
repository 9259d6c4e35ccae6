package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"encoding/base64"

	"github.com/emersion/go-smtp"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/mail"
	"passmill/sign/verify"
)

// A letterBox is a mail server of this machine that takes what it gets.
type letterBox struct {
	address string

	mu    sync.Mutex
	mails map[string][]string        // by recipient; guarded by mu
	deny  map[string]*smtp.SMTPError // guarded by mu
}

func startLetterBox(t *testing.T) *letterBox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &letterBox{address: fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port), mails: map[string][]string{}, deny: map[string]*smtp.SMTPError{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &boxVisit{box: b}, nil }))
	server.ErrorLog = log.New(t.Output(), "", 0)
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return b
}

type boxVisit struct {
	box *letterBox
	to  string
}

func (v *boxVisit) Mail(string, *smtp.MailOptions) error { return nil }
func (v *boxVisit) Reset()                               {}
func (v *boxVisit) Logout() error                        { return nil }

func (v *boxVisit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	if err := v.box.deny[to]; err != nil {
		return err
	}
	return nil
}

func (v *boxVisit) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	v.box.mails[v.to] = append(v.box.mails[v.to], string(text))
	return err
}

// refuse lets the server refuse mails to somebody with an error; nil lets it take them.
func (b *letterBox) refuse(to string, err *smtp.SMTPError) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deny[to] = err
}

// taken returns how many mails each recipient has.
func (b *letterBox) taken() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := map[string]int{}
	for to, list := range b.mails {
		n[to] = len(list)
	}
	return n
}

func (b *letterBox) one(t *testing.T, to string) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.mails[to]) != 1 {
		t.Fatalf("%s has %d mails", to, len(b.mails[to]))
	}
	return b.mails[to][0]
}

// attachedPass returns the pass that is attached to a mail.
func attachedPass(t *testing.T, text string) []byte {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatalf("no pass is attached: %v", err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), passMedia) {
			data, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
}

// mailed makes a sandbox whose job mails its passes: addresses are those of the rows.
func mailed(t *testing.T, box *letterBox, addresses ...string) *sandbox {
	t.Helper()
	s := newSandbox(t, len(addresses), "")
	s.updated("https://passes.example.com")
	s.write("passmill.yaml", mustRead(t, s.path("passmill.yaml"))+
		fmt.Sprintf("mail: {server: %q, from: Shop <shop@example.com>, tls: none}\nmailing: {bounces: bounces@example.com}\n", box.address))
	s.write("members.yaml", mustRead(t, s.path("members.yaml"))+"mail: {to: Contact, language: Language, attach: true}\n")
	s.write("mail.yaml", "subject: Your card, $$FirstName of $$City\n")
	s.addresses(addresses)
	s.ok("make", "members.yaml")
	return s
}

// addresses writes the rows.
func (s *sandbox) addresses(list []string) {
	var b strings.Builder
	b.WriteString("MemberID,FirstName,LastName,Tier,Points,FamilyID,Contact,Language,City\n")
	for i, a := range list {
		fmt.Fprintf(&b, "M%05d,Ada,Lovelace %d,Gold,%d,F%d,%s,de,London\n", i, i, i, i/3, a)
	}
	s.write("members.csv", b.String())
}

// ok runs a command that has to succeed, and returns what it says.
func (s *sandbox) ok(args ...string) string {
	s.t.Helper()
	return s.exits(0, args...)
}

func (s *sandbox) exits(code int, args ...string) string {
	s.t.Helper()
	out, err := s.command(nil, args...).CombinedOutput()
	if got := exitCode(err); got != code {
		s.t.Fatalf("passmill %s: status %d, want %d (%v)\n%s", strings.Join(args, " "), got, code, err, out)
	}
	return string(out)
}

func (s *sandbox) says(want string, got string) {
	s.t.Helper()
	if !strings.Contains(got, want) {
		s.t.Errorf("it says\n%s\nwant %q in it", got, want)
	}
}

// TestMailing tells the story of a mailing: nobody gets a mail before the number is
// confirmed, then everybody gets one, and no one ever a second.
func TestMailing(t *testing.T) {
	box := startLetterBox(t)
	s := mailed(t, box, "a@example.com", "b@example.com", "", "c c@example.com", "d@example.com", "muted@example.com", "late@example.com", "wrong@example.com")
	box.refuse("late@example.com", &smtp.SMTPError{Code: 450, Message: "later"})
	box.refuse("wrong@example.com", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"})
	s.ok("suppress", "add", "Muted@Example.com")
	s.says("person", s.ok("suppress", "list", "--find", "muted@example.com"))
	s.says("not on the list", s.ok("suppress", "list", "--find", "x@example.com"))

	out := s.ok("mail", "members.yaml")
	for _, want := range []string{"8 passes", "5 mails would be sent", "1 without an address", "1 with an address that no mail", "1 suppressed", "M00003", "--confirm 5"} {
		s.says(want, out)
	}
	s.says("is not the number of mails, which is 5", s.exits(1, "mail", "members.yaml", "--confirm", "8"))
	if n := box.taken(); len(n) != 0 {
		t.Fatalf("mails went out before the number was confirmed: %v", n)
	}
	s.ok("mail", "members.yaml", "--preview", "M00001")
	if page := mustRead(t, s.path("mail-preview.html")); !strings.Contains(page, "Ihr Pass ist fertig") {
		t.Errorf("preview:\n%s", page)
	}
	s.ok("mail", "members.yaml", "--test", "me@example.com")
	if n := box.taken(); len(n) != 1 || n["me@example.com"] != 1 {
		t.Fatalf("after a test: %v", n)
	}

	out = s.exits(exitPartly, "mail", "members.yaml", "--confirm", "5")
	for _, want := range []string{"3 sent", "1 waiting", "1 refused", "1 suppressed"} {
		s.says(want, out)
	}
	want := map[string]int{"me@example.com": 1, "a@example.com": 1, "b@example.com": 1, "d@example.com": 1}
	if n := box.taken(); !equalCounts(n, want) {
		t.Fatalf("taken: %v, want %v", n, want)
	}
	text := box.one(t, "b@example.com")
	for _, word := range []string{"Subject: Your card, Ada of London", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "From: \"Shop\" <shop@example.com>"} {
		s.says(word, text)
	}
	pass := attachedPass(t, text)
	if r := verify.Pass(pass, roots()); r.Refused() || passMembers(t, pass)["serialNumber"] != "M00001" {
		t.Errorf("the attached pass: %+v", r.Findings)
	}
	s.says("bounced", s.ok("suppress", "list", "--find", "wrong@example.com"))
	s.exits(exitPartly, "mail", "members.yaml", "--confirm", "5") // as after a kill
	if n := box.taken(); !equalCounts(n, want) {
		t.Fatalf("the same command again mails again: %v", n)
	}

	// An address that changes is no new content of its pass, and no new mail.
	before := s.changes()
	s.addresses([]string{"new@example.com", "b@example.com", "", "c c@example.com", "d@example.com", "muted@example.com", "late@example.com", "wrong@example.com", "ninth@example.com"})
	s.rows = 9
	s.ok("make", "members.yaml")
	after := s.changes()
	if before["M00000"] != after["M00000"] {
		t.Error("a changed address gave its pass another change number")
	}
	space, err := findWorkspace(s.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := ledger.Open(t.Context(), space.database, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := db.Recipient(t.Context(), "members", "M00000")
	if to, _ := addressOf(r, "contact"); err != nil || to != "new@example.com" {
		t.Errorf("the ledger has the address %q (%v)", to, err)
	}
	s.says("2 mails would be sent", s.ok("mail", "members.yaml"))
	s.exits(exitPartly, "mail", "members.yaml", "--confirm", "2")
	if n := box.taken(); n["ninth@example.com"] != 1 || n["new@example.com"] != 0 {
		t.Errorf("taken: %v", n)
	}

	t.Run("leaving", func(t *testing.T) { leave(t, s, db, text) })
	t.Run("bounce", func(t *testing.T) { bounce(t, s, box.one(t, "d@example.com")) })

	s.ok("mail", "pause", "members.yaml")
	s.says("paused", s.ok("mail", "status", "members.yaml"))
	s.says("is paused", s.exits(1, "mail", "members.yaml", "--confirm", "1"))
	s.ok("mail", "resume", "members.yaml")
	s.ok("suppress", "remove", "wrong@example.com")
	box.refuse("wrong@example.com", nil)
	s.says("nothing was changed", s.exits(1, "mail", "members.yaml", "--resend", "refused", "--confirm", "7"))
	s.says("1 mail that were refused", s.exits(exitPartly, "mail", "members.yaml", "--resend", "refused", "--confirm", "1"))
	if n := box.taken(); n["wrong@example.com"] != 1 {
		t.Errorf("after a resend: %v", n)
	}
	var report struct {
		Counts     map[jobs.DeliveryState]int
		Deliveries []struct{ Recipient string }
	}
	if err := json.Unmarshal([]byte(s.ok("mail", "status", "members.yaml", "--json", "--list", "waiting")), &report); err != nil {
		t.Fatal(err)
	}
	if c := report.Counts; c[jobs.DeliverySent] != 4 || c[jobs.DeliveryBounced] != 1 || len(report.Deliveries) != 1 || report.Deliveries[0].Recipient != "late@example.com" {
		t.Errorf("at the end: %+v", report)
	}
	if out := s.exits(1, "fsck", "nobody.yaml"); out == "" {
		t.Error("fsck says nothing")
	}
	s.ok("fsck", "--root", "root.pem", "members.yaml")
}

// leave takes the link of a mail and says that no more are wanted.
func leave(t *testing.T, s *sandbox, db *ledger.DB, text string) {
	link := regexp.MustCompile(`List-Unsubscribe: <https://passes\.example\.com(/u/[^>]+)>`).FindStringSubmatch(strings.ReplaceAll(text, "\r\n ", ""))
	if link == nil {
		t.Fatalf("no link in %s", text)
	}
	t.Chdir(s.dir)
	space, err := findWorkspace(".", "")
	if err != nil {
		t.Fatal(err)
	}
	c := &serveCommand{Listen: "127.0.0.1:0"}
	serving, err := c.serving(t.Context(), db, space, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	world, _, err := serving.handlers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	post := func(method, path string) int {
		w := httptest.NewRecorder()
		world.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("List-Unsubscribe=One-Click")))
		return w.Code
	}
	muted := func() bool {
		return strings.Contains(s.ok("suppress", "list", "--find", "b@example.com"), "unsubscribed")
	}
	forged := link[1][:len(link[1])-2] + "AA"
	if code := post(http.MethodGet, link[1]); code != http.StatusOK || muted() {
		t.Errorf("a look at the page: %d, and unsubscribed: %v", code, muted())
	}
	if code := post(http.MethodPost, forged); code != http.StatusNotFound || muted() {
		t.Errorf("a forged link: %d, and unsubscribed: %v", code, muted())
	}
	if code := post(http.MethodPost, link[1]); code != http.StatusOK || !muted() {
		t.Errorf("one click: %d, and unsubscribed: %v", code, muted())
	}
}

// TestLeaveWithoutKeys: while the keys can't be opened, a link for unsubscribing is not
// called invalid: whoever wants no more mails is asked to come again.
func TestLeaveWithoutKeys(t *testing.T) {
	s := newServing(t, &serveCommand{})
	mux := http.NewServeMux()
	for _, p := range mail.Patterns {
		mux.Handle(p, s.leaving(t.Context()))
	}
	post := func(mark string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/u/"+mark, strings.NewReader("List-Unsubscribe=One-Click")))
		return w.Code, w.Header().Get("Retry-After")
	}
	keys, err := openMarks(t.Context(), s.space)
	if err != nil {
		t.Fatal(err)
	}
	good := keys.mark("gone")
	if err := os.Rename(keyFileName, "away"); err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{good, "forged"} {
		if code, again := post(mark); code != http.StatusServiceUnavailable || again == "" {
			t.Errorf("without the keys, %s: %d, Retry-After %q", mark, code, again)
		}
	}
	if err := os.Rename("away", keyFileName); err != nil {
		t.Fatal(err)
	}
	for mark, want := range map[string]int{good: http.StatusOK, "forged": http.StatusNotFound} {
		if code, again := post(mark); code != want || again != "" {
			t.Errorf("with the keys, %s: %d, Retry-After %q", mark, code, again)
		}
	}
}

// bounce lets a mail come back.
func bounce(t *testing.T, s *sandbox, text string) {
	id := regexp.MustCompile(`(?i)Message-ID: <([^>]+)>`).FindStringSubmatch(text)
	if id == nil {
		t.Fatalf("no id in %s", text)
	}
	report := strings.Join([]string{
		"From: MAILER-DAEMON@example.org", "To: bounces@example.com", "MIME-Version: 1.0",
		`Content-Type: multipart/report; report-type=delivery-status; boundary=b`, "", "--b", "Content-Type: message/delivery-status", "",
		"Reporting-MTA: dns; mx.example.org", "", "Final-Recipient: rfc822; d@example.com", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 unknown", "",
		"--b", "Content-Type: text/rfc822-headers", "", "Message-ID: <" + id[1] + ">", "", "--b--", "",
	}, "\n")
	cmd := s.command(nil, "mail", "bounces")
	cmd.Stdin = bytes.NewBufferString(report)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "1 mail bounced, 1 of them suppressed") {
		t.Errorf("%v: %s", err, out)
	}
	s.says("d@example.com", s.ok("mail", "status", "members.yaml", "--list", "bounced"))
	for _, dir := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(s.path("Maildir/"+dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.write("Maildir/new/1", report)
	s.write("Maildir/new/2", "Subject: hello\n\nhello\n")
	s.write("mbox", "From MAILER-DAEMON Thu Nov 26 00:00:00 2026\n"+report+"\n\nFrom x Thu Nov 26 00:00:00 2026\nSubject: hello\n\nhello\n")
	for _, name := range []string{"Maildir", "mbox"} {
		s.says("1 mail bounced, 1 of them suppressed; 1 other mail left alone", s.ok("mail", "bounces", name))
	}
	if exists(s.path("Maildir/new/1")) || !exists(s.path("Maildir/cur/1:2,S")) {
		t.Error("what was read lies in new still")
	}
}

// changes returns the change number of each pass.
func (s *sandbox) changes() map[string]int64 {
	s.t.Helper()
	o := s.onDemand()
	all := map[string]int64{}
	for i := range s.rows {
		serial := fmt.Sprintf("M%05d", i)
		c, err := o.db.Content(s.t.Context(), "pass.com.example.pretend", serial)
		if err != nil {
			s.t.Fatal(err)
		}
		all[serial] = c.Change
	}
	return all
}

func equalCounts(a, b map[string]int) bool {
	keys := func(m map[string]int) (list []string) {
		for k, n := range m {
			list = append(list, fmt.Sprint(k, n))
		}
		slices.Sort(list)
		return list
	}
	return slices.Equal(keys(a), keys(b))
}

// exitCode returns the status of a process that has ended.
func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// TestMailByItself: a job that allows it mails who is new after each run, but never
// more than it says.
func TestMailByItself(t *testing.T) {
	box := startLetterBox(t)
	s := mailed(t, box, "a@example.com")
	s.write("members.yaml", strings.Replace(mustRead(t, s.path("members.yaml")), "attach: true", "attach: true, atMost: 2", 1))
	s.says("1 sent", s.ok("make", "members.yaml"))
	s.addresses([]string{"a@example.com", "b@example.com", "c@example.com", "d@example.com"})
	s.says("--confirm 3", s.exits(exitPartly, "make", "members.yaml"))
	if n := box.taken(); !equalCounts(n, map[string]int{"a@example.com": 1}) {
		t.Errorf("taken: %v", n)
	}
}

// TestLettersOfJobs: what is wrong with the letters of a job is told before anything
// is made, with the place and what may be meant.
func TestLettersOfJobs(t *testing.T) {
	box := startLetterBox(t)
	s := mailed(t, box, "a@example.com")
	for text, want := range map[string]string{
		"<p>\n$$Citty</p>": `mail.html:2: there is no column for Citty (did you mean "City"?)`,
		"<p>$$ 5</p>":      "mail.html:1: $$ is not followed by a name",
	} {
		s.write("mail.html", text)
		s.says(want, s.exits(1, "make", "members.yaml"))
	}
	if err := os.Remove(s.path("mail.html")); err != nil {
		t.Fatal(err)
	}
	s.write("members.yaml", strings.Replace(mustRead(t, s.path("members.yaml")), "to: Contact", "to: Kontact", 1))
	s.says(`mail: to: there is no column for Kontact (did you mean "Contact"?)`, s.exits(1, "make", "members.yaml"))
}

// TestMailKilled: killed while it prepares or sends, the same command goes on, and
// everybody has one mail.
func TestMailKilled(t *testing.T) {
	box := startLetterBox(t)
	to := []string{"a@example.com", "b@example.com", "c@example.com"}
	s := mailed(t, box, to...)
	want := map[string]int{}
	for i, point := range []string{"ledger.mailing.commit", "ledger.mailing.committed", "ledger.intend.commit", "ledger.intend.committed", "ledger.claim.committed"} {
		name := fmt.Sprintf("m%d", i)
		args := []string{"mail", "members.yaml", "--mailing", name, "--confirm", "3"}
		if out, err := s.command([]string{"FAULT=" + point + ":1:exit"}, args...).CombinedOutput(); exitCode(err) != 137 {
			t.Fatalf("%s: it is not killed: %v %s", point, err, out)
		}
		s.says("3 sent", s.ok(args...))
		for _, a := range to {
			want[a]++
		}
		if n := box.taken(); !equalCounts(n, want) {
			t.Fatalf("after %s: %v, want %v", point, n, want)
		}
	}
}

// TestServeTakesOver: what a process was at that was killed is sent by the server, also
// when nothing else of the mailing waits.
func TestServeTakesOver(t *testing.T) {
	box := startLetterBox(t)
	s := mailed(t, box, "a@example.com", "b@example.com")
	if out, err := s.command([]string{"FAULT=ledger.claim.committed:1:exit"}, "mail", "members.yaml", "--confirm", "2").CombinedOutput(); exitCode(err) != 137 {
		t.Fatalf("it is not killed: %v %s", err, out)
	}
	s.says("2 being tried", s.ok("mail", "status", "members.yaml"))
	t.Chdir(s.dir)
	space, err := findWorkspace(".", "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := ledger.Open(t.Context(), space.database, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	serving, err := (&serveCommand{Listen: "127.0.0.1:0"}).serving(t.Context(), db, space, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := serving.mailOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := box.taken(); !equalCounts(n, map[string]int{"a@example.com": 1, "b@example.com": 1}) {
		t.Errorf("taken: %v", n)
	}
}

// TestMailWithLinks: a job whose passes are only to be had by links mails these, and
// the link of a mail opens the pass on a phone.
func TestMailWithLinks(t *testing.T) {
	box := startLetterBox(t)
	s := mailed(t, box, "a@example.com", "b@example.com")
	s.write("members.yaml", strings.NewReplacer("output: {dir: out, bundle: FamilyID}\n", "links: true\n", ", attach: true", "").Replace(mustRead(t, s.path("members.yaml"))))
	s.ok("make", "members.yaml")
	s.says("2 sent", s.ok("mail", "members.yaml", "--confirm", "2"))
	text := box.one(t, "b@example.com")
	body := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(text)
	link := regexp.MustCompile(`https://passes\.example\.com(/p/[A-Za-z0-9_-]+)`).FindStringSubmatch(body)
	if link == nil || strings.Contains(body, passMedia) {
		t.Fatalf("the mail:\n%s", body)
	}
	if !strings.Contains(body, "image/png") {
		t.Error("no QR code is in the mail")
	}
	t.Chdir(s.dir)
	space, err := findWorkspace(".", "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := ledger.Open(t.Context(), space.database, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	serving, err := (&serveCommand{Listen: "127.0.0.1:0"}).serving(t.Context(), db, space, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	world, _, err := serving.handlers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if code, page := get(t, world, link[1]); code != http.StatusOK || !strings.Contains(page, "Download the pass as a file") {
		t.Errorf("the link: %d, %d bytes", code, len(page))
	}
	s.write("members.yaml", strings.Replace(mustRead(t, s.path("members.yaml")), "links: true", "links: sealed", 1))
	s.says("has sealed links", s.exits(1, "mail", "members.yaml"))
}
