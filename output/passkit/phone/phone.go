package phone

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"
)

// A Phone is one device. It is not safe for concurrent use.
type Phone struct {
	State
	HTTP   *http.Client
	Judge  Judge
	Locale Locale
	Now    func() time.Time // by the phone's clock

	// Keep is called with the file of each pass that is taken, before the old one
	// is forgotten; nil keeps none.
	Keep func(p *Pass, data []byte) error
	// Tell is called with all that happens in the longer operations; nil tells
	// nobody.
	Tell func(Event)
	// DatesOnly says that the phone asks by If-Modified-Since alone, and sends no
	// ETag back: Apple's documents speak of nothing else.
	DatesOnly bool
	// Tries is how often an exchange is tried before the phone gives up until
	// the next occasion; 0 is [DefaultTries].
	Tries int

	complaints []complaint // that were not posted yet
}

// State is what a phone remembers.
type State struct {
	Library   string  `json:"deviceLibraryIdentifier"` // 32 hexadecimal digits; a credential
	PushToken string  `json:"pushToken"`               // 64 hexadecimal digits
	Passes    []*Pass `json:"passes"`
	Feeds     []*Feed `json:"feeds"`
}

// A Pass is one that the phone holds.
type Pass struct {
	TypeID   string    `json:"passTypeIdentifier"`
	Serial   string    `json:"serialNumber"`
	Contents Contents  `json:"contents"`
	Added    time.Time `json:"added"`
	Updated  time.Time `json:"updated"`

	// Registered says that the web service has answered so.
	Registered bool `json:"registered"`
	// Wanted says that the web service has named a newer version, which was not
	// fetched yet.
	Wanted bool `json:"wanted,omitempty"`
	// Modified and ETag are the headers that the pass came with.
	Modified string `json:"lastModified,omitempty"`
	ETag     string `json:"etag,omitempty"`
}

// A Feed is a pass type at a web service: what changed there is listed together.
type Feed struct {
	Service string `json:"webServiceURL"`
	TypeID  string `json:"passTypeIdentifier"`
	Tag     string `json:"passesUpdatedSince"` // of the last list
}

// NewState returns a phone that was just unpacked: with random identifiers.
func NewState() State {
	return State{Library: randomHex(16), PushToken: NewPushToken()}
}

// NewPushToken returns a random push token.
func NewPushToken() string { return randomHex(32) }

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// Find returns the pass with a serial number, nil if there is none. The pass type
// may be empty where the serial number is enough.
func (s *State) Find(typeID, serial string) *Pass {
	for _, p := range s.Passes {
		if p.Serial == serial && (typeID == "" || p.TypeID == typeID) {
			return p
		}
	}
	return nil
}

// Put takes a pass in, or a newer version of one that is there, without speaking
// to anybody. Of a pass that is bad nothing is taken, and the error is a
// [*RefusedError].
func (p *Phone) Put(data []byte) (*Pass, error) {
	c, err := p.judge(data)
	if err != nil {
		return nil, err
	}
	card := c.card()
	now := p.Now()
	pass := p.Find(card.TypeID, card.Serial)
	if pass == nil {
		pass = &Pass{TypeID: card.TypeID, Serial: card.Serial, Added: now}
	}
	if err := p.keep(pass, data); err != nil {
		return nil, err
	}
	if pass.Updated.IsZero() {
		p.Passes = append(p.Passes, pass)
	}
	// What was handed over has no headers: the next fetch asks for all of it.
	pass.Contents, pass.Updated, pass.Modified, pass.ETag = c, now, "", ""
	if card.Service != "" {
		p.feed(card.Service, card.TypeID)
	}
	return pass, nil
}

// judge returns the contents of a pass that a phone would take.
func (p *Phone) judge(data []byte) (Contents, error) {
	c := p.Judge(data)
	if card := c.card(); len(c.Refused) == 0 && (card.TypeID == "" || card.Serial == "") {
		c.Refused = []string{"Invalid data error reading pass. pass.json names no passTypeIdentifier or no serialNumber"}
	}
	if len(c.Refused) > 0 {
		return c, &RefusedError{Texts: c.Refused}
	}
	return c, nil
}

func (p *Phone) keep(pass *Pass, data []byte) error {
	if p.Keep == nil {
		return nil
	}
	if err := p.Keep(pass, data); err != nil {
		return fmt.Errorf("keep the pass: %w", err)
	}
	return nil
}

// feed returns the feed of a pass type at a web service.
func (s *State) feed(service, typeID string) *Feed {
	for _, f := range s.Feeds {
		if f.Service == service && f.TypeID == typeID {
			return f
		}
	}
	f := &Feed{Service: service, TypeID: typeID}
	s.Feeds = append(s.Feeds, f)
	return f
}

// forget drops a pass, and its feed with the last one.
func (s *State) forget(gone *Pass) {
	service := gone.Contents.card().Service
	passes, feeds := s.Passes, s.Feeds
	s.Passes, s.Feeds = nil, nil
	shared := false
	for _, p := range passes {
		if p == gone {
			continue
		}
		s.Passes = append(s.Passes, p)
		shared = shared || p.TypeID == gone.TypeID && p.Contents.card().Service == service
	}
	for _, f := range feeds {
		if shared || f.Service != service || f.TypeID != gone.TypeID {
			s.Feeds = append(s.Feeds, f)
		}
	}
}
