//go:build unix

package main

import (
	"fmt"
	"mime"
	netmail "net/mail"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestExampleMail mails the customers of a spreadsheet as the example's text says, and
// then looks at what the mail server got. With CUSTOMERS=5000 they are as many as the
// text says; else fewer, in a copy of the text that says so.
func TestExampleMail(t *testing.T) {
	t.Parallel()
	w := newWalk(t, "mail")
	n := campaign(t, "CUSTOMERS", 300)
	w.write("README.md", strings.NewReplacer("5,000", thousands(n), "5000", strconv.Itoa(n), "4,999", thousands(n-1), "4999", strconv.Itoa(n-1)).
		Replace(mustRead(t, w.path("README.md"))))
	w.variables = map[string]func() string{"UNSUBSCRIBE": func() string { return leavingLink(t, w.box.one(t, "member43@example.com")) }}
	w.follow()

	want := map[string]int{"me@example.com": 1}
	for i := range n {
		want[fmt.Sprintf("member%d@example.com", i+1)] = 1
	}
	if got := w.box.taken(); !equalCounts(got, want) {
		t.Errorf("%d recipients have mails, want %d with one each", len(got), len(want))
	}
	for to, subject := range map[string]string{
		"member42@example.com": "Ingrid, your Talwind card",
		"me@example.com":       "Ingrid, your Talwind card",
		"member43@example.com": "Mateo, Ihre Karte von Talwind",
	} {
		if got := headOf(t, w.box.one(t, to)).Get("Subject"); plainWords(t, got) != subject {
			t.Errorf("the subject for %s is %q, want %q", to, got, subject)
		}
	}
	list := w.line("passmill links list members.yaml")
	if used := regexp.MustCompile(`(?m)^(\w+) .* [1-9]\d*$`).FindAllStringSubmatch(list, -1); len(used) != 1 || used[0][1] != "M00042" {
		t.Errorf("M00042 alone was fetched, and the list says %q", used)
	}
	show := w.command(nil, "links", "show", "members.yaml", "M00042")
	url, err := show.Output()
	if err != nil {
		t.Fatal(err)
	}
	if body := unfolded(w.box.one(t, "member42@example.com")); !strings.Contains(body, `"`+strings.TrimSuffix(string(url), "\n")+`"`) {
		t.Errorf("links show says %q, which is not in the mail:\n%s", url, body)
	}
}

func headOf(t *testing.T, text string) netmail.Header {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	must(t, err)
	return m.Header
}

func plainWords(t *testing.T, header string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	must(t, err)
	return text
}

// leavingLink returns the address that a mail program writes to when its button for
// unsubscribing is pressed.
func leavingLink(t *testing.T, text string) string {
	t.Helper()
	return strings.Trim(headOf(t, text).Get("List-Unsubscribe"), "<> ")
}

// unfolded returns a mail with its quoted-printable lines put together.
func unfolded(text string) string {
	return strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(text)
}
