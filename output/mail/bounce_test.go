package mail_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	ours "passmill/output/mail"
)

const delivery = "abcdefghijklmnopqrstuvwx23"

// report is a report as Postfix writes it, shortened.
const report = `From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: bounces@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B/1"

--B/1
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B/1
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
X-Postfix-Queue-ID: 4F1C

Final-Recipient: rfc822; a@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <a@example.org>: Recipient address
    rejected: User unknown

--B/1
Content-Description: Undelivered Message
Content-Type: message/rfc822

Message-ID: <` + delivery + `@example.com>
Subject: Your pass

Hello
--B/1--
`

func TestBounce(t *testing.T) {
	crlf := strings.ReplaceAll(report, "\n", "\r\n")
	for name, c := range map[string]struct {
		text            string
		failed, forever bool
		code            int
		ids             []string
	}{
		"hard":            {report, true, true, 550, []string{delivery}},
		"crlf":            {crlf, true, true, 550, []string{delivery}},
		"mailbox full":    {strings.Replace(report, "Status: 5.1.1", "Status: 5.2.2", 1), true, false, 550, []string{delivery}},
		"too late":        {strings.Replace(report, "Status: 5.1.1", "Status: 4.4.1", 1), true, false, 450, []string{delivery}},
		"delayed":         {strings.Replace(report, "Action: failed", "Action: delayed", 1), false, false, 0, []string{delivery}},
		"return address":  {strings.NewReplacer("To: bounces@", "To: bounces+"+delivery+"@", "Message-ID: <"+delivery, "Message-ID: <x").Replace(report), true, true, 550, []string{delivery}},
		"headers only":    {strings.Replace(report, "message/rfc822", "text/rfc822-headers", 1), true, true, 550, []string{delivery}},
		"cut short":       {report[:strings.Index(report, "Hello")], true, true, 550, []string{delivery}},
		"somebody else's": {strings.Replace(report, delivery, "other", 1), true, true, 550, nil},
	} {
		b, err := ours.ParseBounce(strings.NewReader(c.text))
		if err != nil || b.Failed != c.failed || b.Forever() != c.forever || b.Code != c.code || !slices.Equal(b.Deliveries, c.ids) {
			t.Errorf("%s: %+v, forever %v (%v)", name, b, b.Forever(), err)
		}
		if c.failed && !strings.Contains(b.Words, "User unknown") {
			t.Errorf("%s: words %q", name, b.Words)
		}
	}
	for name, text := range map[string]string{
		"a person's answer": "To: bounces+" + delivery + "@example.com\nSubject: Re: Your pass\n\nThank you!\n",
		"no status":         strings.Replace(report, "message/delivery-status", "text/plain", 1),
		"another report":    strings.Replace(report, "report-type=delivery-status", "report-type=disposition-notification", 1),
		"nothing":           "",
		"a picture":         "\x89PNG\r\n\x1a\n",
	} {
		if _, err := ours.ParseBounce(strings.NewReader(text)); !errors.Is(err, ours.ErrNoReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestForever(t *testing.T) {
	for _, c := range []struct {
		code int
		text string
		want bool
	}{
		{550, "5.1.1 no such user", true}, {550, "no such user", false}, {552, "5.2.2 mailbox full", false}, {550, "5.7.1 spam", false},
		{450, "4.1.1 unknown for now", false}, {554, "5.2.1 closed", true}, {250, "5.1.1", false},
	} {
		if got := ours.Forever(c.code, c.text); got != c.want {
			t.Errorf("%d %s: %v", c.code, c.text, got)
		}
	}
}

// FuzzBounce: no mail makes it panic, and every id is one that could be ours.
func FuzzBounce(f *testing.F) {
	f.Add(report)
	f.Fuzz(func(t *testing.T, text string) {
		b, _ := ours.ParseBounce(strings.NewReader(text))
		for _, id := range b.Deliveries {
			if len(id) != 26 {
				t.Errorf("id %q", id)
			}
		}
		if strings.ContainsAny(b.Words, "\n") {
			t.Errorf("words %q", b.Words)
		}
	})
}
