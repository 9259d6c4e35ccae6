package link

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
)

//go:embed page/page.html
var pages embed.FS

// A sheet is what the page shows.
type sheet struct {
	Tongue     tongue
	Words      words
	Nonce      string
	Title      string
	Text, Hint string
	QR, Badge  template.URL
	All        string // where all passes are in one file
	Cards      []card
}

// A card is a pass on the page.
type card struct {
	Name     string // where there are several
	Add      string // where the pass is
	File     string // the same, for devices without Wallet
	CodeHint string
	Face     *front
}

// qrPixels is how many pixels the code of a link has to a side, at most.
const qrPixels = 720

// look shows the page of a link, or on wish gives a phone the pass at once.
func (s *server) look(w http.ResponseWriter, v *visit) error {
	if v.URL.Query().Has("add") && v.device.kind == phone && !v.device.robot {
		http.Redirect(w, v.Request, Path(v.code)+"/pass.pkpass", http.StatusSeeOther)
		return nil
	}
	p := s.sheet(v)
	if err := s.cards(v, p); err != nil {
		return err
	}
	switch v.device.kind {
	case phone, mac:
		p.Hint = p.Words[string(v.device.kind)]
		p.Badge = s.badge(v.tongue.Tag)
		if v.device.safari && len(p.Cards) > 1 {
			p.All = Path(v.code) + "/passes.pkpasses"
		}
	case android:
		p.Text = p.Words["android"]
	default:
		if data, err := s.QR(s.URL+Path(v.code), qrPixels); err == nil { // a sealed link may be too long for a code
			p.Hint, p.QR = p.Words["desktop"], pngURL(data)
		}
	}
	if s.Events != nil && !v.device.robot && v.Method == http.MethodGet {
		s.Events.LinkOpened(v.Context(), v.opened.Job)
	}
	return s.write(w, v, http.StatusOK, p)
}

func (s *server) sheet(v *visit) *sheet {
	return &sheet{Tongue: v.tongue, Words: v.tongue.Words, Nonce: rand.Text(), Title: v.tongue.Words["title"]}
}

// cards draws the passes of a link.
func (s *server) cards(v *visit, p *sheet) error {
	coded := v.device.kind == desktop && !v.opened.Limited || v.device.kind == android && v.opened.Android
	for n := range v.opened.Serials {
		face, err := s.Passes.Face(v.Context(), v.opened, n)
		if err != nil {
			return err
		}
		c := card{}
		if c.Face, err = face.front(v.tongue.Tag, coded); err != nil {
			return err
		}
		target := Path(v.code) + "/pass.pkpass"
		if n != v.opened.Own {
			target = Path(v.code) + "/" + strconv.Itoa(n) + "/pass.pkpass"
		}
		switch {
		case v.device.wallet:
			c.Add = target
		case v.device.kind == desktop && !v.opened.Limited:
			c.File = target
		case v.device.kind == android && c.Face.Barcode != "":
			c.CodeHint = p.Words["androidCode"]
		}
		if len(v.opened.Serials) > 1 {
			c.Name = c.Face.Name + " " + strconv.Itoa(n+1)
			p.Title = p.Words["titles"]
		}
		p.Cards = append(p.Cards, c)
	}
	return nil
}

// badge returns the operator's badge in a language, or in English; "" if there is none.
func (s *server) badge(tag string) template.URL {
	if s.Badges == nil {
		return ""
	}
	for _, name := range []string{tag + ".svg", tag + ".png", "en.svg", "en.png"} {
		data, err := fs.ReadFile(s.Badges, name)
		if err != nil || len(data) > 256<<10 {
			continue
		}
		mime := "image/png"
		if path.Ext(name) == ".svg" {
			mime = "image/svg+xml"
		}
		return template.URL("data:" + mime + ";base64," + base64.StdEncoding.EncodeToString(data))
	}
	return ""
}

// say shows a page that says why there is no pass.
func (s *server) say(w http.ResponseWriter, v *visit, status int, what string) {
	p := s.sheet(v)
	p.Title, p.Text = p.Words[what], p.Words[what+"Text"]
	if err := s.write(w, v, status, p); err != nil {
		s.Log.ErrorContext(v.Context(), "page not shown", "pattern", v.Pattern, "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

func (s *server) write(w http.ResponseWriter, v *visit, status int, p *sheet) error {
	var b bytes.Buffer
	if err := s.page.ExecuteTemplate(&b, "page.html", p); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Tongue.Tag)
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Vary", "User-Agent, Accept-Language")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+p.Nonce+"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	if v.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // who has gone needs no page
	}
	return nil
}

func etag(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}
