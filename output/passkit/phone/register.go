package phone

import (
	"context"
	"fmt"
	"net/http"
)

// Register tells the web service of a pass that this phone holds it, and how to
// push to it. Passes without a web service are not told of. It is one exchange.
func (p *Phone) Register(ctx context.Context, pass *Pass) error {
	card := pass.Contents.card()
	if card.Service == "" {
		return nil
	}
	r := p.registration(http.MethodPost, "Register", pass, card)
	r.body = map[string]string{"pushToken": p.PushToken}
	a, err := p.call(ctx, r)
	if err != nil {
		return err
	}
	if a.code != http.StatusCreated && a.code != http.StatusOK {
		return p.dislike(card, &CodeError{r.task, a.code})
	}
	pass.Registered = true
	return nil
}

// Unregister tells the web service that the phone holds a pass no longer. It is
// one exchange.
func (p *Phone) Unregister(ctx context.Context, pass *Pass) error {
	card := pass.Contents.card()
	if card.Service == "" {
		return nil
	}
	r := p.registration(http.MethodDelete, "Unregister", pass, card)
	a, err := p.call(ctx, r)
	if err != nil {
		return err
	}
	if a.code != http.StatusOK {
		return p.dislike(card, &CodeError{r.task, a.code})
	}
	pass.Registered = false
	return nil
}

func (p *Phone) registration(method, name string, pass *Pass, card Card) request {
	return request{
		task: fmt.Sprintf("%s task (for device %s, pass type %s, serial number %s; with web service url %s)",
			name, p.Library, pass.TypeID, pass.Serial, card.Service),
		method: method, service: card.Service, token: card.Token,
		path: []string{"devices", p.Library, "registrations", pass.TypeID, pass.Serial},
	}
}

// Renew gives the phone a new push token, as happens when the old one has died. All
// passes are to be registered again.
func (p *Phone) Renew(token string) {
	p.PushToken = token
	for _, pass := range p.Passes {
		pass.Registered = false
	}
}
