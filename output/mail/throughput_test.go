package mail_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/output/mail"
)

// text is the plain part of the mails that are measured, and page the HTML.
const (
	text = "Your pass is ready\n\nAdd to Apple Wallet:\nhttps://passes.example.com/p/0123456789abcdefghijklmnop\n"
	page = "<!DOCTYPE html><html><body><h1>Your pass is ready</h1><p><a href=\"https://passes.example.com/p/0123456789abcdefghijklmnop\">Add to Apple Wallet</a></p></body></html>\n"
)

// BenchmarkThroughput sends the same mails to Postfix's server by the mail library's
// own loop and by a sender over a ledger that is synced, in turn, each over eight
// connections, and tells the ratios of their rates.
func BenchmarkThroughput(b *testing.B) {
	const connections = 8
	mails := fromEnv("MAILS", 4000)
	address := startSink(b, b.TempDir())
	var ratios, ours, theirs []float64
	for b.Loop() {
		lib := library(b, address, mails, connections)
		own := outboxRate(b, address, mails, connections)
		theirs, ours, ratios = append(theirs, lib), append(ours, own), append(ratios, own/lib)
	}
	slices.Sort(ratios)
	slices.Sort(ours)
	slices.Sort(theirs)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(ratios[0], "min-ratio")
	b.ReportMetric(ratios[len(ratios)-1], "max-ratio")
	b.ReportMetric(ours[len(ours)/2], "mails/s")
	b.ReportMetric(theirs[len(theirs)/2], "library-mails/s")
}

// library returns how many mails a second the library's own loop sends.
func library(b *testing.B, address string, mails, connections int) float64 {
	host, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	start := time.Now()
	var group sync.WaitGroup
	for w := range connections {
		group.Go(func() {
			c, err := gomail.NewClient(host, gomail.WithPort(number), gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithHELO("localhost"))
			must(b, err)
			must(b, c.DialWithContext(b.Context()))
			defer c.Close()
			for i := w; i < mails; i += connections {
				m := gomail.NewMsg()
				must(b, m.From("shop@example.com"))
				must(b, m.To(fmt.Sprintf("m%d@example.com", i)))
				m.Subject("Your pass")
				m.SetMessageIDWithValue(fmt.Sprintf("%d@example.com", i))
				m.SetDate()
				m.SetBodyString(gomail.TypeTextPlain, text)
				m.AddAlternativeString(gomail.TypeTextHTML, page)
				must(b, c.Send(m))
			}
		})
	}
	group.Wait()
	return float64(mails) / time.Since(start).Seconds()
}

// outboxRate returns how many mails a second ours sends; the ledger is filled before.
func outboxRate(b *testing.B, address string, mails, connections int) float64 {
	db, err := ledger.Open(b.Context(), filepath.Join(b.TempDir(), strings.ReplaceAll(b.Name(), "/", "-")+".db"), ledger.Options{})
	must(b, err)
	defer db.Close()
	mailing(b, db, mails)
	s := &mail.Sender{
		Server: &mail.Server{Address: address, Plain: true}, Outbox: db, Connections: connections,
		Compose: func(_ context.Context, d jobs.Delivery) (mail.Message, error) {
			return mail.Message{ID: d.ID + "@example.com", From: "shop@example.com", To: d.Recipient, Subject: "Your pass", Text: text, HTML: page, Date: time.Now()}, nil
		},
	}
	start := time.Now()
	must(b, s.Run(b.Context(), 1))
	rate := float64(mails) / time.Since(start).Seconds()
	counts, err := db.DeliveryCounts(b.Context(), 1)
	must(b, err)
	if counts[jobs.DeliverySent] != mails {
		b.Fatalf("sent: %v", counts)
	}
	return rate
}
