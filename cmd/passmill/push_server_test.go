//go:build unix

package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"passmill/output/apns/pretend"
)

// A pushServer is a pretend push server that a sandbox's workspace pushes to.
type pushServer struct {
	*pretend.Server
	url   string
	roots *x509.CertPool
}

// pushServer starts one, and says so in passmill.yaml behind what more says.
func (s *sandbox) pushServer(o pretend.Options, more string) *pushServer {
	s.t.Helper()
	o.Log = log.New(s.t.Output(), "", 0)
	certificate, err := pretend.Certificate(filepath.Join(s.dir, "pretend-apns.pem"), []string{"127.0.0.1"}, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	p := &pushServer{pretend.New(o), "https://" + l.Addr().String(), x509.NewCertPool()}
	p.roots.AddCert(certificate.Leaf)
	done := make(chan error)
	go func() { done <- p.Serve(l, certificate) }()
	s.t.Cleanup(func() {
		p.Close()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
	s.write("passmill.yaml", fmt.Sprintf("publicURL: https://passes.example.com\npushes: {server: %q, ca: pretend-apns.pem%s}\n", p.url, more))
	return p
}

// listen returns what waits for the next event of all phones.
func (p *pushServer) listen(t *testing.T) func() pretend.Event {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/listen", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.roots}}}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		res.Body.Close()
		client.CloseIdleConnections()
	})
	lines := bufio.NewScanner(res.Body)
	next := func() (e pretend.Event) {
		t.Helper()
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &e) != nil {
			t.Fatalf("%q: %v", lines.Text(), lines.Err())
		}
		return e
	}
	next() // it listens
	return next
}

// phones registers a phone for each of the first n passes.
func (s *sandbox) phones(n int) *sql.DB {
	s.t.Helper()
	driver, dsn := "postgres", s.database
	library := "convert_to(lpad('%d', 32, '0'), 'UTF8')"
	if dsn == "" {
		driver, dsn = "sqlite", "file:"+s.path("passmill.db")+"?_pragma=busy_timeout(5000)"
		library = "CAST(printf('%%032d', %d) AS BLOB)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { db.Close() })
	for i := 1; i <= n; i++ {
		for _, statement := range []string{
			fmt.Sprintf("INSERT INTO devices (id, library, created, seen) VALUES (%d, %s, 1, 1)", i, fmt.Sprintf(library, i)),
			fmt.Sprintf("INSERT INTO subscriptions (device_id, type_id, push_token, token_at) VALUES (%d, '%s', '%s', 1)", i, pretendType, phoneToken(i)),
			fmt.Sprintf("INSERT INTO registrations (pass_id, device_id, created) SELECT id, %d, 1 FROM passes WHERE serial = 'M%05d'", i, i-1),
		} {
			if _, err := db.Exec(statement); err != nil {
				s.t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	return db
}

func phoneToken(i int) string { return fmt.Sprintf("%064x", i) }
