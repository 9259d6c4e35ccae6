package phone

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// listen hears of all pushes until ctx ends. It says once whether it has begun.
func (f *Fleet) listen(ctx context.Context, ready chan<- error) {
	begun := false
	for {
		err := Listen(ctx, f.Push, f.Server, "", func(n Notice) {
			if n.Event == Listening && !begun {
				begun = true
				ready <- nil
			}
			f.hear(n)
		})
		if !begun {
			ready <- err
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(firstPause):
		}
	}
}

// hear passes a notice on to the phones that it is for.
func (f *Fleet) hear(n Notice) {
	if n.Event != Pushed && n.Event != Gone {
		return
	}
	f.mu.Lock()
	members := f.byToken[n.Token]
	if len(members) > 0 && n.Event == Pushed {
		f.pushes++
		f.last = time.Now()
	}
	f.mu.Unlock()
	for _, m := range members {
		if m.deaf {
			continue
		}
		f.enqueue(m, func() {
			if n.Event == Gone {
				m.gone = true
			} else {
				m.topics[n.Topic] = true
			}
		})
	}
}

// enqueue notes what a phone has to do, and hands it to a worker unless one has it.
func (f *Fleet) enqueue(m *member, note func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	note()
	if !m.queued {
		m.queued = true
		f.left++
		f.queue <- m // has room for all
	}
}

// work lets phones do what they have to, one after the other.
func (f *Fleet) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-f.queue:
			for f.act(ctx, m) {
			}
		}
	}
}

// act does what one phone has to; false if there was nothing.
func (f *Fleet) act(ctx context.Context, m *member) bool {
	f.mu.Lock()
	var topics []string
	for t := range m.topics {
		topics = append(topics, t)
	}
	clear(m.topics)
	gone, leave := m.gone, m.leave
	m.gone, m.leave = false, false
	if gone {
		old := m.PushToken
		m.Renew(NewPushToken())
		f.know(m)
		defer f.bury(ctx, old)
	}
	if len(topics) == 0 && !gone && !leave {
		m.queued = false
		f.left--
		f.idle.Broadcast()
		f.mu.Unlock()
		return false
	}
	f.mu.Unlock()
	// What fails shows in the end, when what the phones hold is compared.
	if leave && len(m.Passes) > 0 {
		_ = m.Remove(ctx, m.Passes[0])
	}
	if gone {
		_ = m.Resume(ctx)
	}
	for _, t := range topics {
		_ = m.Sync(ctx, t)
	}
	return true
}

// bury tells the push server that a token is dead, as the system does.
func (f *Fleet) bury(ctx context.Context, token string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, strings.TrimSuffix(f.Server, "/")+"/device/"+url.PathEscape(token), nil)
	if err != nil {
		return
	}
	if res, err := f.Push.Do(req); err == nil {
		res.Body.Close()
	}
}

// wait waits for changes, until the time is over, nothing has come for a while, or ctx
// ends.
func (f *Fleet) wait(ctx context.Context) {
	end := time.After(f.For)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-end:
			return
		case <-tick.C:
			f.mu.Lock()
			quiet := f.pushes > 0 && time.Since(f.last) > f.Quiet
			f.mu.Unlock()
			if quiet {
				return
			}
		}
	}
}

// settle waits until no phone has anything to do.
func (f *Fleet) settle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.left > 0 {
		f.idle.Wait()
	}
}

// count counts the phones.
func (f *Fleet) count(r *Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Registered, r.Failed, r.Deaf, r.Renewed, r.Left, r.Twins, r.Lines = 0, 0, 0, 0, 0, 0, nil
	r.Pushes = f.pushes
	for _, m := range f.phones {
		switch {
		case m.err != nil:
			r.Failed++
			r.say("not registered: %v", m.err)
		default:
			r.Registered++
		}
		switch {
		case m.deaf:
			r.Deaf++
		case m.leaves:
			r.Left++
		case m.renews:
			r.Renewed++
		case len(f.byToken[m.PushToken]) > 1:
			r.Twins++
		}
	}
}

// compare fetches each pass whole, and says which phones hold another version.
func (f *Fleet) compare(ctx context.Context, r *Result) error {
	newest := map[[2]string]string{}
	for _, m := range f.phones {
		if m.deaf || m.leaves || m.err != nil {
			continue
		}
		r.Living++
		pass := m.Passes[0]
		key := [2]string{pass.TypeID, pass.Serial}
		if _, known := newest[key]; !known {
			hash, err := f.newest(ctx, pass)
			if err != nil {
				return fmt.Errorf("fetch pass %s to compare: %w", pass.Serial, err)
			}
			newest[key] = hash
		}
		if pass.Contents.Hash != newest[key] {
			r.Behind++
			r.say("behind: device %s… holds an older version of %s", m.Library[:8], pass.Serial)
		}
	}
	return nil
}

// newest fetches a pass as a phone that has nothing yet.
func (f *Fleet) newest(ctx context.Context, pass *Pass) (string, error) {
	fresh := *pass
	fresh.Modified, fresh.ETag = "", ""
	p := &Phone{HTTP: f.HTTP, Judge: f.Judge, Now: time.Now}
	var u Update
	err := p.again(ctx, nil, func() (err error) {
		u, err = p.Fetch(ctx, &fresh)
		return err
	})
	if err == nil && len(u.Refused) > 0 {
		err = &RefusedError{u.Refused}
	}
	return fresh.Contents.Hash, err
}
