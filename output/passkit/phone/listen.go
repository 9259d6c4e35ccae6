package phone

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// silence is after how long a push server that says nothing is taken for gone: it
// gives a sign of life every 15 seconds.
const silence = 45 * time.Second

// A Notice is what a push server tells who listens.
type Notice struct {
	Event string `json:"event"` // Listening, Pushed or Gone; others say nothing
	Token string `json:"token"`
	Topic string `json:"topic"` // of Pushed: the pass type
}

// The events of a notice.
const (
	Listening = "listening" // pushes from now on are heard
	Pushed    = "push"      // passes of a type have changed
	Gone      = "gone"      // the token is dead: the phone needs another one
)

// Listen hears of the pushes for a token, or for all tokens if that is empty, at a
// pretended push server. It returns when ctx ends, or with an error when the
// connection breaks; pushes that come meanwhile are kept by the server, the last of
// each token.
func Listen(ctx context.Context, client *http.Client, server, token string, hear func(Notice)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	address := strings.TrimSuffix(server, "/") + "/listen"
	if token != "" {
		address += "/" + url.PathEscape(token)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("the push server's address is none; write it like https://127.0.0.1:2197")
	}
	watch := time.AfterFunc(silence, cancel)
	defer watch.Stop()
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("listen at the push server: %w", withoutURL(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("listen at the push server: it answered with status %d; is it passmill pretend-apns?", res.StatusCode)
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		watch.Stop()
		var n Notice
		if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
			return fmt.Errorf("listen at the push server: %w", err)
		}
		hear(n)
		watch.Reset(silence)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("listen at the push server: %w", err)
	}
	return errors.New("the push server has hung up")
}
