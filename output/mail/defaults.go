package mail

import (
	_ "embed"
	"html"
	"strings"
)

//go:embed defaults/mail.html
var defaultPage string

// standard returns the HTML of a mail whose folder has none, as a template.
func standard(language string, w words, o Offers) string {
	var content []string
	add := func(ok bool, html string) {
		if ok {
			content = append(content, html)
		}
	}
	add(o.Link, `<p style="margin:0 0 24px">`+html.EscapeString(w.body)+`</p>`)
	add(o.Link && o.Badge, `<p style="margin:0 0 24px"><a href="$$PassLink"><img src="$$PassBadge" height="48" alt="`+html.EscapeString(w.button)+`" style="border:0;height:48px"></a></p>`)
	add(o.Link && !o.Badge, `<p style="margin:0 0 24px"><a class="button" href="$$PassLink">`+html.EscapeString(w.button)+`</a></p>`)
	add(o.Attached, `<p style="margin:0 0 24px">`+html.EscapeString(w.attached)+`</p>`)
	add(o.Link, `<p class="small" style="margin:0 0 12px">`+html.EscapeString(w.scan)+`</p>`+"\n"+
		`<p style="margin:0 0 24px"><img src="$$PassQR" width="180" height="180" alt="QR" style="background:#ffffff;border-radius:8px"></p>`)
	add(o.Unsubscribe, `<p class="small" style="margin:0"><a href="$$Unsubscribe">`+html.EscapeString(w.unsubscribe)+`</a></p>`)
	dir := "ltr"
	if w.rightToLeft {
		dir = "rtl"
	}
	return strings.NewReplacer("@lang", language, "@dir", dir, "@title", html.EscapeString(w.title), "@content", strings.Join(content, "\n")).Replace(defaultPage)
}

// standardText is the same as plain text.
func standardText(w words, o Offers) string {
	lines := []string{w.title}
	add := func(ok bool, text string) {
		if ok {
			lines = append(lines, text)
		}
	}
	add(o.Link, w.body)
	add(o.Link, w.button+":\n$$PassLink")
	add(o.Attached, w.attached)
	add(o.Unsubscribe, w.unsubscribe+":\n$$Unsubscribe")
	return strings.Join(lines, "\n\n") + "\n"
}
