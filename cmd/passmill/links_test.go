package main

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"passmill/sign/verify"
)

const safariPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"

const publicLinks = "https://passes.example.com"

// linked gives the sandbox's job links and takes its output folder away.
func (s *sandbox) linked(spec string) {
	s.t.Helper()
	s.write("passmill.yaml", "publicURL: "+publicLinks+"\n")
	job := mustRead(s.t, s.path("members.yaml"))
	s.write("members.yaml", strings.Replace(job, "output: {dir: out, bundle: FamilyID}", "links: "+spec, 1))
	s.do("key", "init")
}

// raw opens the sandbox's ledger behind the program's back.
func (s *sandbox) raw() *sql.DB {
	s.t.Helper()
	driver, dsn := "postgres", s.database
	if dsn == "" {
		driver, dsn = "sqlite", "file:"+s.path("passmill.db")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	must(s.t, err)
	s.t.Cleanup(func() { db.Close() })
	return db
}

// exec changes the ledger.
func (s *sandbox) exec(query string) {
	s.t.Helper()
	_, err := s.raw().ExecContext(s.t.Context(), query)
	must(s.t, err)
}

// query returns a number from the ledger.
func (s *sandbox) query(query string) (n int) {
	s.t.Helper()
	must(s.t, s.raw().QueryRowContext(s.t.Context(), query).Scan(&n))
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// links returns the links and states of the sandbox's rows by serial number.
func (s *sandbox) links(args ...string) (links, states map[string]string) {
	s.t.Helper()
	code, out, errs := s.process(append([]string{"links", "members.yaml", "--out", "links.csv"}, args...)...)
	if code != exitDone && code != exitPartly {
		s.t.Fatalf("status %d\n%s%s", code, out, errs)
	}
	records, err := csv.NewReader(strings.NewReader(mustRead(s.t, s.path("links.csv")))).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	links, states = map[string]string{}, map[string]string{}
	for _, r := range records[1:] {
		links[r[0]], states[r[0]] = strings.TrimPrefix(r[len(r)-2], publicLinks), r[len(r)-1]
	}
	return links, states
}

// linkServer serves the sandbox's links in this process.
func (s *sandbox) linkServer() *linkClient {
	s.t.Helper()
	o := s.onDemand()
	log := slog.New(slog.NewTextHandler(s.t.Output(), nil))
	steps := &stepCounter{keep: o.db.AddFunnel, now: time.Now, log: log}
	server := &serving{command: &serveCommand{}, db: o.db, space: o.space, demand: o, steps: steps, log: log, now: time.Now}
	surfaces, err := server.links(s.t.Context())
	if err != nil || len(surfaces) != 1 {
		s.t.Fatalf("%d surfaces, %v", len(surfaces), err)
	}
	return &linkClient{t: s.t, handler: surfaces[0].handler}
}

type linkClient struct {
	t       *testing.T
	handler http.Handler
}

// get asks for a path as a phone does, or another agent.
func (c *linkClient) get(path string, agent ...string) (int, []byte) {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, path, nil)
	r.Header.Set("User-Agent", append(agent, safariPhone)[0])
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return w.Code, body
}

// opens wants a path to give a good pass with a serial number.
func (c *linkClient) opens(path, serial string) []byte {
	c.t.Helper()
	code, body := c.get(path + "/pass.pkpass")
	if code != http.StatusOK {
		c.t.Fatalf("%s: %d %s", serial, code, body)
	}
	r := verify.Pass(body, roots())
	if r.Refused() || r.Serial != serial {
		c.t.Errorf("%s: the pass is of %s: %+v", serial, r.Serial, r.Findings)
	}
	return body
}

// closed wants a path to open nothing, for a reason.
func (c *linkClient) closed(path string, status int, words string) {
	c.t.Helper()
	for _, end := range []string{"", "/pass.pkpass", "/passes.pkpasses"} {
		if code, body := c.get(path + end); code != status || !bytes.Contains(body, []byte(words)) {
			c.t.Errorf("%s: %d, want %d and %q\n%s", end, code, status, words, body)
		}
	}
}

// TestPlainLinks: a job without an output folder is planned, its links open its passes,
// and what is revoked, renewed, expired or used up opens no more.
func TestPlainLinks(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 6, database(t))
			s.linked("{uses: 1, expires: 30d}")
			if _, states := s.links(); !strings.HasPrefix(states["M00001"], "no pass yet") {
				t.Errorf("before a run: %v", states)
			}
			if out := s.do("make", "members.yaml"); !strings.Contains(out, "6 planned") {
				t.Error(out)
			}
			if out := s.do("make", "members.yaml"); !strings.Contains(out, "0 planned, 6 unchanged") {
				t.Error(out)
			}
			first, states := s.links()
			if again, _ := s.links(); len(first) != 6 || fmt.Sprint(again) != fmt.Sprint(first) || states["M00005"] != "ok" {
				t.Errorf("links %v, then %v; %v", first, again, states)
			}
			if files := s.files(); len(files) != 0 {
				t.Errorf("%d passes were pressed", len(files))
			}
			c := s.linkServer()
			c.opens(first["M00001"], "M00001")
			c.opens(first["M00001"], "M00001") // the same device again
			if code, body := c.get(first["M00001"]+"/pass.pkpass", strings.Replace(safariPhone, "18_5", "17_0", 1)); code != http.StatusGone || !bytes.Contains(body, []byte("has been used")) {
				t.Errorf("a second device: %d", code)
			}
			if code, _ := c.get("/p/M00001/pass.pkpass"); code != http.StatusNotFound {
				t.Errorf("the serial number opens: %d", code)
			}
			s.do("links", "revoke", "members.yaml", "M00002")
			c.closed(first["M00002"], http.StatusGone, "no longer valid")
			if _, states := s.links(); states["M00002"] != "revoked" {
				t.Errorf("revoked: %v", states)
			}
			renewed, _ := s.links("--renew", "--only", "M00002", "--only", "M00003")
			if len(renewed) != 2 {
				t.Errorf("renewed %v", renewed)
			}
			c.opens(renewed["M00002"], "M00002")
			c.closed(first["M00003"], http.StatusGone, "no longer valid")
			s.exec(`UPDATE links SET expires = 1 WHERE used = 0`)
			c.closed(first["M00004"], http.StatusGone, "has expired")
			if out := s.do("links", "list", "members.yaml"); !strings.Contains(out, "M00004  expired") || strings.Contains(out, "/p/") {
				t.Errorf("list:\n%s", out)
			}
			if out := s.do("fsck", "members.yaml"); !strings.Contains(out, "0 to mend") {
				t.Error(out)
			}
		})
	}
}

// TestSealedLinks: nothing of a row is in the ledger until somebody opens its link, and
// then once, however many do at the same time.
func TestSealedLinks(t *testing.T) {
	for name, database := range books {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, 6, database(t))
			s.linked("{kind: sealed, expires: 30d}")
			if code, _, errs := s.process("make", "members.yaml"); code != exitNotDone || !strings.Contains(errs, "passmill links members.yaml") {
				t.Errorf("make: %d %s", code, errs)
			}
			links, states := s.links()
			if len(links) != 6 || states["M00005"] != "ok" {
				t.Fatalf("%v, %v", links, states)
			}
			c := s.linkServer()
			if n := s.query(`SELECT COUNT(*) FROM rows`); n != 0 {
				t.Errorf("%d rows are in the ledger", n)
			}
			if code, body := c.get(links["M00001"]); code != http.StatusOK || !bytes.Contains(body, []byte("Ada Lovelace 1")) {
				t.Errorf("the page: %d %s", code, body)
			}
			c.get(links["M00001"]+"/pass.pkpass", "curl/8")
			if n := s.query(`SELECT COUNT(*) FROM rows`); n != 0 {
				t.Errorf("%d rows are in the ledger after somebody looked", n)
			}
			var all sync.WaitGroup
			passes := make([][]byte, 100)
			for i := range passes {
				all.Go(func() { _, passes[i] = c.get(links["M00001"] + "/pass.pkpass") })
			}
			all.Wait()
			c.opens(links["M00001"], "M00001")
			for _, p := range passes {
				if !bytes.Equal(p, passes[0]) { // each signature has a time and chance of its own
					t.Fatal("it was signed twice")
				}
			}
			for _, table := range []string{"passes", "rows", "links", "runs"} {
				if n := s.query(`SELECT COUNT(*) FROM ` + table); n != 1 {
					t.Errorf("%d %s, want 1", n, table)
				}
			}
			for i := 3; i < len(links["M00002"]); i += 7 {
				code := []byte(links["M00002"])
				code[i] = map[bool]byte{true: 'B', false: 'A'}[code[i] == 'A']
				c.closed(string(code), http.StatusNotFound, "nothing at this link")
			}
		})
	}
}

// TestRevokedSealedLinks: sealed links are revoked one by one and all at once, before
// anybody has opened them and after, and a renewed one opens.
func TestRevokedSealedLinks(t *testing.T) {
	s := newSandbox(t, 4, "")
	s.linked("sealed")
	first, _ := s.links()
	c := s.linkServer()
	c.opens(first["M00000"], "M00000")
	s.do("links", "revoke", "members.yaml", "M00000", "M00001")
	for _, serial := range []string{"M00000", "M00001"} {
		c.closed(first[serial], http.StatusGone, "no longer valid")
	}
	c.opens(first["M00002"], "M00002")
	if links, states := s.links(); states["M00001"] != "revoked" || links["M00001"] != "" || states["M00003"] != "ok" {
		t.Errorf("%v", states)
	}
	second, _ := s.links("--renew", "--only", "M00001")
	c.opens(second["M00001"], "M00001")
	c.closed(first["M00001"], http.StatusGone, "no longer valid")
	s.do("links", "revoke", "members.yaml", "--all")
	for _, path := range []string{first["M00003"], second["M00001"]} {
		c.closed(path, http.StatusGone, "no longer valid")
	}
	if code, _, errs := s.process("links", "members.yaml", "--out", "links.csv"); code != exitNotDone || !strings.Contains(errs, "--renew") {
		t.Errorf("all are revoked: %d %s", code, errs)
	}
	third, _ := s.links("--renew")
	c.opens(third["M00003"], "M00003")
	c.closed(first["M00003"], http.StatusGone, "no longer valid")
}

// TestRenewedSealedLinks: a sealed link that was used up opens for another device once
// it is renewed, alone or with all others; written again, it does not.
func TestRenewedSealedLinks(t *testing.T) {
	s := newSandbox(t, 2, "")
	s.linked("{kind: sealed, uses: 1}")
	links, _ := s.links()
	c := s.linkServer()
	c.opens(links["M00001"], "M00001")
	for _, renew := range [][]string{nil, {"--renew", "--only", "M00001"}, {"--renew"}} {
		agent := safariPhone + " " + strings.Join(renew, "") // another device each time
		links, _ = s.links(renew...)
		want := http.StatusOK
		if renew == nil {
			want = http.StatusGone
		}
		if code, _ := c.get(links["M00001"]+"/pass.pkpass", agent); code != want {
			t.Errorf("%v: %d, want %d", renew, code, want)
		}
	}
}

// TestNewerSealedLinks: a row that changed brings the pass up to date when its newer
// link is opened, and the older one gives the newer pass.
func TestNewerSealedLinks(t *testing.T) {
	s := newSandbox(t, 2, "")
	s.linked("sealed")
	first, _ := s.links()
	c := s.linkServer()
	c.opens(first["M00001"], "M00001")
	s.exec(`UPDATE links SET issued = issued - 3600000`) // as if it had been given out an hour ago
	s.members(func(int) string { return "Platinum" })
	second, _ := s.links()
	if got := c.opens(second["M00001"], "M00001"); !strings.Contains(fmt.Sprint(passMembers(t, got)), "Platinum") {
		t.Error("the newer link gives the older pass")
	}
	if n := s.query(`SELECT COUNT(*) FROM passes`); n != 1 {
		t.Errorf("%d passes", n)
	}
	if out := s.do("fsck", "members.yaml"); !strings.Contains(out, "0 to mend") {
		t.Error(out)
	}
}

// TestLongSealedLinks: a row that is too long to be sealed has a plain link, and that
// opens.
func TestLongSealedLinks(t *testing.T) {
	s := newSandbox(t, 2, "")
	s.linked("{kind: sealed, longest: 240}")
	s.write("members.csv", "MemberID,FirstName,LastName,Tier,Points,Email\nM1,Ada,Lovelace,Gold,1,\nM2,Ada,Lovelace,Gold,1,"+
		"a-very-long-address-of-a-person-who-likes-to-write@a-very-long-name-of-a-company-that-nobody-can-remember.example.com\n")
	links, states := s.links()
	if !strings.HasPrefix(states["M2"], "ok, plain") || states["M1"] != "ok" || len(links["M2"]) > 100 {
		t.Fatalf("%v, %v", states, links)
	}
	c := s.linkServer()
	for serial, path := range links {
		c.opens(path, serial)
	}
}

// TestBundledLinks: a link gives the passes of its customer in one file where that is
// understood, and one by one elsewhere.
func TestBundledLinks(t *testing.T) {
	s := newSandbox(t, 6, "")
	s.linked("true\noutput: {bundle: FamilyID}")
	s.do("make", "members.yaml")
	links, _ := s.links()
	c := s.linkServer()
	code, page := c.get(links["M00004"])
	if code != http.StatusOK || bytes.Count(page, []byte("/pass.pkpass")) != 3 || !bytes.Contains(page, []byte("/passes.pkpasses")) {
		t.Errorf("the page: %d %s", code, page)
	}
	c.opens(links["M00004"], "M00004")
	c.opens(links["M00004"]+"/0", "M00003")
	if code, bundle := c.get(links["M00004"] + "/passes.pkpasses"); code != http.StatusOK || len(mustUnpack(t, bundle)) != 3 {
		t.Errorf("the bundle: %d", code)
	}
}

// TestLinksWorkbook: the user's own sheet comes back with links, reasons and pictures,
// and what begins like a formula is none.
func TestLinksWorkbook(t *testing.T) {
	s := newSandbox(t, 2, "")
	s.linked("true")
	s.write("members.csv", "MemberID,FirstName,LastName,Tier,Link\nM1,=1+1,Lovelace,Gold,mine\nM2,,Lovelace,Gold,\nM3,Ada,@SUM(A1),Gold,\nM3,Twice,Twice,Gold,\n")
	if code, out, errs := s.process("make", "members.yaml"); code != exitPartly {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	code, out, errs := s.process("links", "members.yaml", "--out", "links.xlsx", "--qr", "--qr-dir", "codes")
	if code != exitPartly || !strings.Contains(out, "4 rows: 1 with a link, 3 without") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	book, err := excelize.OpenFile(s.path("links.xlsx"))
	must(t, err)
	defer book.Close()
	rows, err := book.GetRows("Rows")
	must(t, err)
	if got := strings.Join(rows[0], ","); got != "MemberID,FirstName,LastName,Tier,Link,Link 2,QR,State,QR 2" {
		t.Errorf("header %s", got)
	}
	if r := rows[1]; r[1] != "=1+1" || r[4] != "mine" || !strings.HasPrefix(r[5], publicLinks+"/p/") || r[6] != "M1.png" || r[7] != "ok" {
		t.Errorf("row %q", r)
	}
	if kind, _ := book.GetCellType("Rows", "B2"); kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
		t.Errorf("the cell is of type %v", kind)
	}
	if r := rows[2]; len(r) < 8 || !strings.HasPrefix(r[7], "refused: FirstName") {
		t.Errorf("row %q", r)
	}
	for _, r := range rows[3:] {
		if len(r) < 8 || !strings.Contains(r[7], "is the serial number of row") {
			t.Errorf("row %q", r)
		}
	}
	if pictures, err := book.GetPictures("Rows", "I2"); err != nil || len(pictures) != 1 {
		t.Errorf("%d pictures, %v", len(pictures), err)
	}
	if data := mustRead(t, filepath.Join(s.dir, "codes", "M1.png")); !strings.HasPrefix(data, "\x89PNG") {
		t.Error("the file is no PNG")
	}
	s.links()
	text := mustRead(t, s.path("links.csv"))
	if !strings.Contains(text, "M1,'=1+1,") || !strings.Contains(text, "'@SUM(A1)") {
		t.Errorf("the CSV file:\n%s", text)
	}
	if info, err := os.Stat(s.path("links.csv")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if code, _, errs := s.process("links", "members.yaml", "--out", "members.csv"); code != exitNotDone || !strings.Contains(errs, "it is the source itself") {
		t.Errorf("over the source: %d %s", code, errs)
	}
}

// TestLinkOfPass: mails ask for links by pass.
func TestLinkOfPass(t *testing.T) {
	s := newSandbox(t, 3, "")
	s.linked("true")
	s.do("make", "members.yaml")
	o := s.onDemand()
	url, err := o.Link(t.Context(), "pass.com.example.pretend", "M00001")
	must(t, err)
	if links, _ := s.links(); publicLinks+links["M00001"] != url {
		t.Errorf("%s, and the sheet has %s", url, links["M00001"])
	}
	s.do("links", "revoke", "members.yaml", "M00001")
	if _, err := o.Link(t.Context(), "pass.com.example.pretend", "M00001"); err == nil {
		t.Error("a revoked link is given out")
	}
	if _, err := o.Link(t.Context(), "pass.com.example.pretend", "nobody"); err == nil {
		t.Error("nobody has a link")
	}
}

// TestPlannedRollback: a run that only planned is taken back without a word of files,
// which there are none of.
func TestPlannedRollback(t *testing.T) {
	s := newSandbox(t, 3, "")
	s.linked("true")
	s.do("make", "members.yaml")
	s.members(func(int) string { return "Silver" })
	s.do("make", "members.yaml")
	code, out, errs := s.process("rollback", "2")
	if code != exitDone || errs != "" || !strings.Contains(out, "3 passes go back") {
		t.Errorf("%d %s%s", code, out, errs)
	}
}

// TestPlannedFaults: a job that is only planned and dies at any step is gone on with, and
// each of its passes has one change number.
func TestPlannedFaults(t *testing.T) {
	for _, point := range []string{"stage.commit", "stage.committed", "imported.committed", "commit.commit", "commit.committed", "close.committed"} {
		s := newSandbox(t, 40, "")
		s.linked("true")
		if out, err := s.command([]string{"FAULT=ledger." + point + ":1:exit"}, "make", "members.yaml").CombinedOutput(); err == nil {
			t.Errorf("%s: the point was not reached\n%s", point, out)
		}
		s.do("make", "members.yaml")
		if passes, numbers := s.query(`SELECT COUNT(*) FROM passes`), s.query(`SELECT value FROM change_counter`); passes != 40 || numbers != 40 {
			t.Errorf("%s: %d passes and %d change numbers, want 40", point, passes, numbers)
		}
		if out := s.do("fsck", "members.yaml"); !strings.Contains(out, "0 to mend") {
			t.Errorf("%s: %s", point, out)
		}
	}
}

// TestRevokeOwnLinks: a job's links are revoked and shown by that job alone, also where
// another makes passes of the same type, and nothing is revoked if one has no link.
func TestRevokeOwnLinks(t *testing.T) {
	s := newSandbox(t, 3, "")
	s.linked("plain")
	s.do("make", "members.yaml")
	s.links()
	job := mustRead(t, s.path("members.yaml"))
	s.write("plain.yaml", job) // a job of that name
	s.write("sealed.yaml", strings.Replace(job, "links: plain", "links: sealed", 1))
	for _, c := range []struct{ want, args string }{
		{`is of job "members"; nothing was revoked`, "links revoke plain.yaml M00001"},
		{`is of job "members"; nothing was revoked`, "links revoke sealed.yaml M00001"},
		{`no pass of this job`, "links show plain.yaml M00001"},
		{`no pass of job "members" with the serial number M9 has a link; nothing was revoked`, "links revoke members.yaml M00001 M9"},
	} {
		if code, _, errs := s.process(strings.Fields(c.args)...); code != exitNotDone || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %d\n%s", c.args, code, errs)
		}
	}
	if _, states := s.links(); states["M00001"] != "ok" {
		t.Errorf("states: %v", states)
	}
	if out := s.do("links", "list", "plain.yaml"); out != "no pass of job \"plain\" has a link in the ledger\n" {
		t.Errorf("the links of a job that has none:\n%s", out)
	}
	s.do("links", "revoke", "members.yaml", "M00001")
	if out := s.do("links", "revoke", "members.yaml", "M00001", "M00002"); out != "1 link revoked; 1 was so already\n" {
		t.Errorf("revoked: %s", out)
	}
}
