package phone

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// List asks a web service which passes changed since the last list, and marks
// them as wanted. It is one exchange.
//
// The tag is remembered together with the marks: what was named once is fetched
// sooner or later, and not named again.
func (p *Phone) List(ctx context.Context, f *Feed) error {
	r := request{
		task:   fmt.Sprintf("Get serial #s task (for device %s, pass type %s, last updated %s; with web service url %s)", p.Library, f.TypeID, orNull(f.Tag), f.Service),
		method: http.MethodGet, service: f.Service,
		path: []string{"devices", p.Library, "registrations", f.TypeID},
	}
	if f.Tag != "" {
		r.query = url.Values{"passesUpdatedSince": {f.Tag}}
	}
	a, err := p.call(ctx, r)
	if err != nil {
		return err
	}
	card := Card{Service: f.Service, TypeID: f.TypeID}
	switch a.code {
	case http.StatusNoContent:
		return nil
	case http.StatusOK:
		return p.listed(f, card, a.body)
	}
	return p.dislike(card, &CodeError{r.task, a.code})
}

// listed takes in what changed.
func (p *Phone) listed(f *Feed, card Card, body []byte) error {
	var list struct {
		Serials []string        `json:"serialNumbers"`
		Tag     json.RawMessage `json:"lastUpdated"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		p.complain(card, "Response to 'What changed?' request is no JSON of the documented form")
		return &CodeError{"Get serial #s task", http.StatusOK}
	}
	var tag string
	if json.Unmarshal(list.Tag, &tag) != nil || tag == "" {
		p.complain(card, "Response to 'What changed?' request did not include a lastUpdated tag that is a string")
		tag = f.Tag // a phone ignores a number
	} else if tag == f.Tag && len(list.Serials) > 0 {
		p.complain(card, fmt.Sprintf("Response to 'What changed?' request included %d serial numbers but the lastUpdated tag (%s) remained the same.", len(list.Serials), tag))
	}
	for _, serial := range list.Serials {
		pass := p.Find(f.TypeID, serial)
		if pass == nil {
			p.complain(card, "Update requested for unregistered serial number "+serial)
			continue
		}
		pass.Wanted = true
	}
	f.Tag = tag
	return nil
}

// An Update says what a fetch has brought.
type Update struct {
	Changed  bool
	Messages []string // what the lock screen says
	Refused  []string // why the new version was not taken, in the words of the phone's log
}

// Fetch asks for the newest version of a pass, unless it is what the phone has,
// and takes it if it is good. It is one exchange.
//
// A bad version is complained of and not fetched again before the server names it
// again: the phone keeps what it has.
func (p *Phone) Fetch(ctx context.Context, pass *Pass) (Update, error) {
	card := pass.Contents.card()
	if card.Service == "" {
		return Update{}, nil
	}
	r := request{
		task: fmt.Sprintf("Get pass task (pass type %s, serial number %s, if-modified-since %s; with web service url %s)",
			pass.TypeID, pass.Serial, orNull(pass.Modified), card.Service),
		method: http.MethodGet, service: card.Service, token: card.Token,
		path:   []string{"passes", pass.TypeID, pass.Serial},
		header: map[string]string{"If-Modified-Since": pass.Modified, "If-None-Match": pass.ETag},
	}
	if p.DatesOnly {
		r.header["If-None-Match"] = ""
	}
	a, err := p.call(ctx, r)
	if err != nil {
		return Update{}, err
	}
	wanted := pass.Wanted
	switch a.code {
	case http.StatusNotModified:
		pass.Wanted = false
		if wanted {
			p.complain(card, fmt.Sprintf("Server requested update to serial number '%s', but the pass was unchanged.", pass.Serial))
		}
		return Update{}, nil
	case http.StatusOK:
		return p.fetched(pass, card, r.task, a)
	}
	failed := &CodeError{r.task, a.code}
	pass.Wanted = wanted && Passing(failed)
	return Update{}, p.dislike(card, failed)
}

// fetched takes a new version, or says why not.
func (p *Phone) fetched(pass *Pass, card Card, task string, a *answer) (Update, error) {
	c, err := p.judge(a.body)
	if other := c.card(); err == nil && (other.TypeID != pass.TypeID || other.Serial != pass.Serial) {
		c.Refused = []string{"The pass type identifier or serial number of the update differ from those of the pass"}
	}
	pass.Wanted = false
	if len(c.Refused) > 0 {
		for _, text := range c.Refused {
			p.complain(card, task+" encountered error: Received invalid pass data ("+text+")")
		}
		return Update{Refused: c.Refused}, nil
	}
	modified := a.header.Get("Last-Modified")
	if modified == "" {
		p.complain(card, fmt.Sprintf("Server returned the pass data for serial number '%s' but did not provide a 'last-modified' header", pass.Serial))
	}
	if c.Hash == pass.Contents.Hash {
		if pass.Modified != "" && pass.Modified == modified {
			p.complain(card, fmt.Sprintf("Server ignored the 'if-modified-since' header (%s) and returned the full unchanged pass data for serial number '%s'.", modified, pass.Serial))
		}
		pass.Modified, pass.ETag = modified, a.header.Get("ETag")
		return Update{}, nil
	}
	if err := p.keep(pass, a.body); err != nil {
		return Update{}, err
	}
	u := Update{Changed: true, Messages: Messages(&pass.Contents, &c, p.Locale)}
	pass.Contents, pass.Updated, pass.Modified, pass.ETag = c, p.Now(), modified, a.header.Get("ETag")
	if next := c.card(); next.Service != "" {
		p.feed(next.Service, next.TypeID)
	}
	return u, nil
}

func orNull(text string) string {
	if text == "" {
		return "(null)"
	}
	return text
}
