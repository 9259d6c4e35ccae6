package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A look is one way in which somebody looks at the page of a link.
type look struct {
	name, agent, language string
	width, height         int64
	dark                  bool
	shows                 string
}

const windowsChrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"

var looks = []look{
	{"phone-de-light", safariPhone, "de", 390, 844, false, "Zu Apple Wallet hinzufügen"},
	{"phone-ar-dark", safariPhone, "ar", 390, 844, true, "إضافة إلى Apple Wallet"},
	{"desktop-en-light", windowsChrome, "en", 1280, 900, false, "Point the camera"},
	{"desktop-ar-dark", windowsChrome, "ar", 1280, 900, true, "iPhone"},
	{"narrow-ja-light", safariPhone, "ja", 320, 568, false, "ウォレットに追加"},
	{"desktop-de-dark", windowsChrome, "de", 1280, 900, true, "Kamera"},
}

// audit is what must hold of a page: it fits, its pictures are whole, its language is
// that of the reader, it has landmarks and names for what can be used, nothing is too
// small to tap, and all text stands out from its ground.
const audit = `(() => {
	const wrong = [];
	const root = document.documentElement;
	if (root.scrollWidth > window.innerWidth) wrong.push('wider than the screen: ' + root.scrollWidth);
	for (const e of document.querySelectorAll('main, h1, p, a, article')) { const r = e.getBoundingClientRect(); if (r.left < 0 || r.right > window.innerWidth) wrong.push('off the screen: ' + e.tagName + ' ' + r.left + ' to ' + r.right + ' of ' + window.innerWidth); }
	if (document.querySelectorAll('main').length !== 1 || document.querySelectorAll('h1').length !== 1) wrong.push('landmarks');
	if (document.scripts.length || document.cookie) wrong.push('scripts or cookies');
	if (getComputedStyle(document.body).marginTop !== '0px') wrong.push('the style is not applied');
	for (const img of document.images) {
		if (!img.complete || !img.naturalWidth) wrong.push('a broken picture');
		if (!img.hasAttribute('alt')) wrong.push('a picture without words');
	}
	for (const a of document.querySelectorAll('a.add')) if (a.getBoundingClientRect().height < 44) wrong.push('too small to tap');
	const channel = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); };
	const parse = (c) => c.match(/[\d.]+/g).map(Number);
	const light = (c) => { const [r, g, b] = parse(c); return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
	const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; const p = parse(c); if (p.length < 4 || p[3] > 0) return c; } return 'rgb(255,255,255)'; };
	for (const e of document.querySelectorAll('h1, p, a, dt, dd')) {
		if (!e.textContent.trim()) continue;
		const a = light(getComputedStyle(e).color), b = light(ground(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) wrong.push('contrast ' + ratio.toFixed(2) + ': ' + e.textContent.trim());
	}
	return wrong.join('; ');
})()`

// TestLinkInBrowser: the page of a link in a real browser, on phones and desktops, in
// several languages, light and dark. LINK_SCREENSHOTS names a folder for pictures.
func TestLinkInBrowser(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	must(t, err)
	s := newSandbox(t, 3, "")
	s.linked("true")
	s.do("make", "members.yaml")
	links, _ := s.links()
	server := httptest.NewServer(s.linkServer().handler)
	defer server.Close()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.WSURLReadTimeout(5*time.Minute))
	browsers, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	ctx, end := chromedp.NewContext(browsers)
	defer end()
	for _, l := range looks {
		l.at(t, ctx, server.URL+links["M00001"])
	}
	l := looks[0]
	l.name, l.shows = "phone-de-unknown", "nichts"
	l.at(t, ctx, server.URL+"/p/wrong")
}

// at looks at an address.
func (l look) at(t *testing.T, ctx context.Context, url string) {
	t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[l.dark]
	messages := chromedp.Console(ctx)
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, to *chromedp.Target) error {
		agent := emulation.SetUserAgentOverrideParams{UserAgent: l.agent, AcceptLanguage: l.language}
		if _, err := cdp.Call(ctx, to, emulation.SetUserAgentOverride, agent); err != nil {
			return err
		}
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
		_, err := cdp.Call(ctx, to, emulation.SetEmulatedMedia, media)
		return err
	}), chromedp.EmulateViewport(l.width, l.height), chromedp.Navigate(url))
	if err != nil {
		t.Fatalf("%s: %v", l.name, err)
	}
	wrong, err := chromedp.Run(ctx, chromedp.Evaluate[string](audit))
	if err != nil || wrong != "" {
		t.Errorf("%s: %s %v", l.name, wrong, err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.documentElement.lang + " " + document.documentElement.dir + " " + document.body.innerText`))
	dir := map[bool]string{true: "rtl", false: "ltr"}[l.language == "ar"]
	if err != nil || !strings.HasPrefix(text, l.language+" "+dir) || !strings.Contains(text, l.shows) {
		t.Errorf("%s: %q, %v", l.name, text, err)
	}
	for message, err := range withEnd(t, ctx, messages) {
		if err != nil || !strings.Contains(url, "/p/wrong") { // a missing page is itself a message
			t.Errorf("%s: the console says %v %v", l.name, message, err)
		}
	}
	if folder := os.Getenv("LINK_SCREENSHOTS"); folder != "" {
		picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		must(t, err)
		must(t, os.WriteFile(filepath.Join(folder, l.name+".png"), picture, 0o600))
	}
}

// withEnd yields the messages of the console up to one that is written now.
func withEnd(t *testing.T, ctx context.Context, messages func(func(chromedp.ConsoleMessage, error) bool)) func(func(chromedp.ConsoleMessage, error) bool) {
	t.Helper()
	last := fmt.Sprint("end of ", time.Now().UnixNano())
	_, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(console.log("`+last+`"), "")`))
	must(t, err)
	return func(yield func(chromedp.ConsoleMessage, error) bool) {
		for m, err := range messages {
			if err == nil && m.Text == last || !yield(m, err) {
				return
			}
		}
	}
}
