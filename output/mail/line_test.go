package mail_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"passmill/output/mail"
)

// A limited server takes so many mails over a connection, and then closes it: with a
// 421 at the next one, or without a word.
type limited struct {
	most   int
	silent bool

	mu          sync.Mutex
	connections int // guarded by mu
	mails       int // guarded by mu
	open        sync.WaitGroup
}

func (l *limited) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	l.mu.Lock()
	l.connections++
	l.mu.Unlock()
	l.open.Go(func() {
		defer theirs.Close()
		l.serve(theirs)
	})
	return ours, nil
}

func (l *limited) serve(conn net.Conn) {
	fmt.Fprint(conn, "220 ready\r\n")
	lines := bufio.NewReader(conn)
	for n := 0; ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(line[:4]); {
		case verb == "MAIL" && n == l.most:
			if !l.silent {
				fmt.Fprint(conn, "421 enough\r\n")
			}
			return
		case verb == "RCPT" && strings.Contains(line, "wrong"):
			fmt.Fprint(conn, "550 5.1.1 unknown\r\n")
		case verb == "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			for line != ".\r\n" {
				if line, err = lines.ReadString('\n'); err != nil {
					return
				}
			}
			n++
			l.mu.Lock()
			l.mails++
			l.mu.Unlock()
			fmt.Fprint(conn, "250 taken\r\n")
		case verb == "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 fine\r\n")
		}
	}
}

// TestLine: mails go over one connection; when the server has had enough, over a new
// one, and none is lost or sent twice by that. A refused recipient ends no connection.
func TestLine(t *testing.T) {
	for _, silent := range []bool{false, true} {
		server := &limited{most: 4, silent: silent}
		line := (&mail.Server{Address: "localhost:25", Plain: true, Dial: server.dial}).Line()
		sent := 0
		for i := range 12 {
			m := message
			want := mail.Sent
			if i%6 == 5 {
				m.To, want = "wrong@example.com", mail.Refused
			}
			ends := 0
			got, err := line.Send(t.Context(), m, func() error { ends++; return nil })
			if got != want || ends > 1 {
				t.Errorf("mail %d: %q (%v), %d ends", i, got, err, ends)
			}
			if got == mail.Sent {
				sent++
			}
		}
		if err := line.Close(); err != nil {
			t.Error(err)
		}
		server.open.Wait()
		if server.connections != 3 || server.mails != sent || sent != 10 {
			t.Errorf("silent %v: %d connections, %d mails, %d sent", silent, server.connections, server.mails, sent)
		}
	}
}
