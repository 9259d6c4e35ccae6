package main

import (
	"context"
	"fmt"
	"time"

	"passmill/output/passkit/phone"
)

type phoneWatchCommand struct {
	phoneHome
	PushServer string `name:"push-server" default:"https://127.0.0.1:2197" env:"PASSMILL_PUSH_SERVER" placeholder:"URL" help:"The pretended push server, which passmill pretend-apns is (default: https://127.0.0.1:2197)."`
	Once       bool   `help:"End after the first push."`
}

// listenAgain is how long a phone waits when the push server can't be reached.
const listenAgain = 2 * time.Second

// Run hears pushes until it is interrupted.
func (c *phoneWatchCommand) Run(ctx context.Context, std streams) error {
	p, s, err := c.open(std)
	if err != nil {
		return err
	}
	w := watching{phoneWatchCommand: c, phone: p, screen: s}
	err = w.with(func() error {
		if len(p.Passes) == 0 {
			return fmt.Errorf("the phone in %s holds no passes; passmill phone add FILE|URL takes one in", c.Home)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.watch(ctx)
	return s.ended(w.err)
}

// A watching is a phone that hears of pushes.
type watching struct {
	*phoneWatchCommand
	phone  *phone.Phone
	screen *screen

	deaf bool  // it was said that nothing is heard
	done bool  // --once has come to its end
	err  error // of the phone's folder
}

// with works with the phone as it is in its folder now: other commands use it too.
func (w *watching) with(do func() error) error { return phone.Home{Dir: w.Home}.With(w.phone, do) }

// watch listens, and again when the connection breaks.
func (w *watching) watch(ctx context.Context) {
	for w.err == nil && !w.done && ctx.Err() == nil {
		listening, stop := context.WithCancel(ctx)
		broke := phone.Listen(listening, w.phone.HTTP, w.PushServer, w.phone.PushToken, func(n phone.Notice) {
			w.hear(ctx, n)
			if n.Event == phone.Gone || w.done || w.err != nil {
				stop() // the token is another one now, or that was all
			}
		})
		stopped := listening.Err() != nil
		stop()
		if stopped {
			continue
		}
		if !w.deaf {
			w.deaf = true
			w.screen.line(markBad, "no pushes", fmt.Sprintf("%v; tries again every %v", broke, listenAgain))
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

// hear does what a notice makes a phone do. When it begins to listen it is as a phone
// that is switched on: it looks at what has changed meanwhile.
func (w *watching) hear(ctx context.Context, n phone.Notice) {
	typeID := ""
	switch n.Event {
	case phone.Listening:
		w.deaf = false
		w.screen.line(markPush, "listening", "for pushes; ^C ends it")
	case phone.Pushed:
		typeID = n.Topic
		w.done = w.Once
		w.screen.line(markPush, "push", n.Topic)
	case phone.Gone:
		w.screen.line(markPush, "new token", "the push token has died; the passes are registered with a new one")
	default:
		return
	}
	w.err = w.with(func() error {
		if n.Event == phone.Gone {
			w.phone.Renew(phone.NewPushToken())
		}
		// What fails was told, and is tried again at the next occasion.
		_ = w.phone.Resume(ctx)
		_ = w.phone.Sync(ctx, typeID)
		return nil
	})
}
