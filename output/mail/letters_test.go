package mail_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	ours "passmill/output/mail"
)

func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

var everything = ours.Offers{Link: true, Unsubscribe: true}

// particulars are of somebody with a hostile name.
func particulars(language string) ours.Particulars {
	values := map[string]string{"name": `Zoë <script>alert(1)</script> & "Co"`, "site": "javascript:alert(1)", "lines": "a\r\nBcc: x@y"}
	return ours.Particulars{
		ID: "d1@example.com", To: "a@example.com", From: "Shop <shop@example.com>", Language: language,
		Value: func(name string) string { return values[strings.ToLower(name)] },
		Link:  "https://passes.example.com/p/abc?x=1&y=2", Unsubscribe: "https://passes.example.com/u/m1",
	}
}

func draw(string) ([]byte, error) { return []byte("\x89PNG code"), nil }

func compose(t *testing.T, files map[string]string, o ours.Offers, p ours.Particulars) ours.Message {
	t.Helper()
	l, _, err := ours.ReadLetters(folder(files), o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.Compose(p, draw)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestStandardLetters: without any file there is a good mail in the language of
// the recipient.
func TestStandardLetters(t *testing.T) {
	for language, want := range map[string][2]string{
		"": {"Your pass for Apple Wallet", `dir="ltr"`}, "de-AT": {"Ihr Pass für Apple Wallet", `lang="de"`}, "AR": {"بطاقتك في Apple Wallet", `dir="rtl"`},
		"tlh": {"Your pass for Apple Wallet", `lang="en"`},
	} {
		m := compose(t, nil, everything, particulars(language))
		if m.Subject != want[0] || !strings.Contains(m.HTML, want[1]) {
			t.Errorf("%q: subject %q, HTML %s", language, m.Subject, m.HTML)
		}
		for _, word := range []string{`href="https://passes.example.com/p/abc?x=1&amp;y=2"`, `src="cid:passmill-qr.png"`, `href="https://passes.example.com/u/m1"`, "prefers-color-scheme: dark"} {
			if !strings.Contains(m.HTML, word) {
				t.Errorf("%q: no %s in %s", language, word, m.HTML)
			}
		}
		if !strings.Contains(m.Text, "https://passes.example.com/p/abc?x=1&y=2\n") || strings.Contains(m.Text+m.HTML, "$$") || strings.Contains(m.HTML, "@title") {
			t.Errorf("%q: text %q", language, m.Text)
		}
		if len(m.Inline) != 1 || m.Inline[0].Name != "passmill-qr.png" {
			t.Errorf("pictures %+v", m.Inline)
		}
	}
}

// TestLetters: the folder's own files, their languages, and how values stand in
// them.
func TestLetters(t *testing.T) {
	files := map[string]string{
		"mail.yaml":    "subject: Hi $$Name $$Lines\nfrom: Us <us@example.com>\nreplyTo: reply@example.com\npreheader: For $$Name\n",
		"mail.de.yaml": "subject: Hallo $$Name\n",
		"mail.txt":     "$$Name, $${Name}: $$PassLink costs $$$$5\n",
		"mail.html": "<!--[if mso]>$$Name {{.V}}<![endif]--><style>a{color:red}</style><p title=\"$$Name\">$$Name {{env}} {$$Name}</p><a href=\"$$Site\">x</a>" +
			"<a href=\"$$PassLink\">go</a><img src=\"$$PassBadge\"><img src=\"cid:logo.png\">$$Preheader",
		"badge.png": "B", "badge-de.png": "D", "logo.png": "L", "unused.png": "U",
	}
	m := compose(t, files, everything, particulars("de"))
	if m.Subject != `Hallo Zoë <script>alert(1)</script> & "Co"` || m.From != "Us <us@example.com>" || m.ReplyTo != "reply@example.com" {
		t.Errorf("subject %q, from %q, reply to %q", m.Subject, m.From, m.ReplyTo)
	}
	name := `Zoë &lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;Co&#34;`
	want := "<!--[if mso]>$$Name {{.V}}<![endif]--><style>a{color:red}</style><p title=\"" + name + "\">" + name + " {{env}} {" + name + "}</p><a href=\"#ZgotmplZ\">x</a>" +
		"<a href=\"https://passes.example.com/p/abc?x=1&amp;y=2\">go</a><img src=\"cid:badge-de.png\"><img src=\"cid:logo.png\">For " + name
	if m.HTML != want {
		t.Errorf("HTML\n%s\nwant\n%s", m.HTML, want)
	}
	raw := `Zoë <script>alert(1)</script> & "Co"`
	if want := raw + ", " + raw + ": https://passes.example.com/p/abc?x=1&y=2 costs $$5\n"; m.Text != want {
		t.Errorf("text %q, want %q", m.Text, want)
	}
	var names []string
	for _, f := range m.Inline {
		names = append(names, f.Name+"="+string(f.Data))
	}
	if !slices.Equal(names, []string{"logo.png=L", "badge-de.png=D"}) {
		t.Errorf("pictures %q", names)
	}
	if m := compose(t, files, everything, particulars("fr")); !strings.HasSuffix(m.Subject, `"Co" a Bcc: x@y`) || !strings.Contains(m.HTML, "cid:badge.png") {
		t.Errorf("other languages: subject %q", m.Subject)
	}
	l, found, err := ours.ReadLetters(folder(files), everything)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if l.Files["unused.png"] != nil || l.Files["logo.png"] == nil {
		t.Error("kept the wrong pictures")
	}
	again, err := ours.ParseLetters(l.Files, everything)
	if err != nil {
		t.Fatal(err)
	}
	if m2, err := again.Compose(particulars("de"), draw); err != nil || m2.HTML != m.HTML {
		t.Errorf("read again from what was kept, it is another mail: %v", err)
	}
	var uses []string
	for _, u := range l.Uses() {
		uses = append(uses, u.Name)
	}
	if slices.Sort(uses); !slices.Equal(uses, []string{"Lines", "Name", "Site"}) {
		t.Errorf("uses %q", uses)
	}
}

// TestLettersRefused: each mistake is told with its file and line.
func TestLettersRefused(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"mail.html": "<p>\n$$ 5</p>"}, "mail.html:2: $$ is not followed by a name"},
		{map[string]string{"mail.txt": "a\n\n$$1"}, "mail.txt:3: $$ is not followed"},
		{map[string]string{"mail.html": "<p title=$$Name onclick=\"$$Name"}, "can't be filled safely"},
		{map[string]string{"mail.html": "\x01index .V 0\x02"}, "mail.html:1: holds a control character"},
		{map[string]string{"mail.html": "<img src=\"cid:nothing.png\">"}, "shows cid:nothing.png"},
		{map[string]string{"mail.yaml": "subjet: x"}, `unknown key "subjet"`},
		{map[string]string{"mail.yaml": "from: nobody"}, "mail.yaml: from: write it like"},
		{map[string]string{"mail.fr.yaml": "replyTo: \"a@b.example\\r\\nBcc: x@y\""}, "replyTo: write it like"},
		{map[string]string{"mail.html": strings.Repeat("x", 300<<10)}, "is larger than 256 KiB"},
	} {
		_, _, err := ours.ReadLetters(folder(c.files), everything)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60v: %v, want %q", c.files, err, c.want)
		}
	}
}

func TestLint(t *testing.T) {
	for _, c := range []struct {
		text, want string
		offers     ours.Offers
	}{
		{"<p>hello</p>", "has no $$PassLink", everything},
		{"<p>$$PassLink</p>", "the job makes no links", ours.Offers{Attached: true}},
		{"<p>$$PassLink</p>", "has no $$Unsubscribe", everything},
		{"<p>$$PassLink $$Unsubscribe</p>", "has no mail.txt beside it", everything},
		{"<p>$$PassBadge</p>", "no badge.png", everything},
	} {
		l, _, err := ours.ReadLetters(folder(map[string]string{"mail.html": c.text}), c.offers)
		if err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(l.Lint(), "\n"); !strings.Contains(notes, c.want) {
			t.Errorf("%s: %q, want %q", c.text, notes, c.want)
		}
	}
}
