package phone

import (
	"context"
	"fmt"
	"net/http"
)

// maxComplaints bounds what waits to be posted.
const maxComplaints = 50

// A complaint is a line for the log of a web service.
type complaint struct{ service, text string }

// complain notes what the phone dislikes, in the form of Apple's devices.
func (p *Phone) complain(card Card, text string) {
	if len(p.complaints) < maxComplaints {
		line := fmt.Sprintf("[%s] Web service error for %s (%s): %s", p.Now().Format("2006-01-02 15:04:05 -0700"), card.TypeID, card.Service, text)
		p.complaints = append(p.complaints, complaint{card.Service, line})
	}
}

// dislike notes an error, and returns it.
func (p *Phone) dislike(card Card, err *CodeError) error {
	if len(p.complaints) < maxComplaints {
		line := fmt.Sprintf("[%s] %v", p.Now().Format("2006-01-02 15:04:05 -0700"), err)
		p.complaints = append(p.complaints, complaint{card.Service, line})
	}
	return err
}

// Complain posts what the phone dislikes to the log of one web service, and
// forgets it whatever becomes of it: a log is no reason to try again. It is one
// exchange; it reports whether there was something to post.
func (p *Phone) Complain(ctx context.Context) bool {
	if len(p.complaints) == 0 {
		return false
	}
	service := p.complaints[0].service
	var texts []string
	rest := p.complaints[:0]
	for _, c := range p.complaints {
		if c.service == service {
			texts = append(texts, c.text)
		} else {
			rest = append(rest, c)
		}
	}
	p.complaints = rest
	_, _ = p.call(ctx, request{
		task: "log", method: http.MethodPost, service: service, path: []string{"log"}, body: map[string][]string{"logs": texts},
	})
	return true
}
