package main

import (
	"context"
	"log/slog"
	"testing"

	"passmill/sign"
)

// TestServerWarns: a server warns of a certificate that expires soon as soon as it
// runs, and not again when it is started again.
func TestServerWarns(t *testing.T) {
	s := newServing(t, &serveCommand{Listen: "127.0.0.1:0"})
	s.keep(t, "", "pass.com.example.soon", 10)
	for _, until := range []string{`"step":14`, `"msg":"serving"`} {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		log := slog.New(slog.NewJSONHandler(&watchedBuffer{when: until, then: stop}, nil))
		again, err := s.command.serving(ctx, s.db, s.space, log)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	events, err := s.db.Events(t.Context(), sign.EventFilter{})
	if err != nil {
		t.Fatal(err)
	}
	warned := 0
	for _, e := range events {
		if e.Action == sign.ActionAlert {
			warned++
		}
	}
	if warned != 1 {
		t.Errorf("warned %d times, want once", warned)
	}
}
