package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"passmill/jobs"
	"passmill/output/apns"
	"passmill/sign/keyring"
)

// A pushing is the sender of pushes with what it needs.
type pushing struct {
	*apns.Sender
	pushers *pushers
	heard   *prometheus.CounterVec
}

// newPushing makes the sender of a workspace.
func newPushing(o *onDemand, log *slog.Logger) (*pushing, error) {
	options, pace, err := o.space.pushOptions()
	if err != nil {
		return nil, err
	}
	box, err := o.space.mailbox()
	if err != nil {
		return nil, err
	}
	p := &pushing{
		pushers: newPushers(o, options),
		heard: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "passmill_pushes_total", Help: "Pushes by what Apple's server said: ok, gone (the token is dead), later, halted (we are refused).",
		}, []string{"verdict"}),
	}
	for _, v := range apns.Verdicts {
		p.heard.WithLabelValues(string(v))
	}
	alarm := &pushAlarm{box: box, log: log, told: map[string]string{}}
	p.Sender = &apns.Sender{
		Outbox: o.db, Pusher: p.pushers.pusher, Quiet: p.pushers.hours, Pace: pace, Log: log, Alarm: alarm.raise,
		Heard: func(_ jobs.Push, a apns.Answer) { p.heard.WithLabelValues(string(a.Verdict)).Inc() },
	}
	return p, nil
}

// push pushes until ctx ends. What it has begun by then goes on while work does.
func (s *serving) push(ctx, work context.Context) {
	s.pushes.Run(ctx, work)
	s.pushes.pushers.close()
}

// A pushAlarm tells the operator that pushes have stopped.
type pushAlarm struct {
	box *mailbox // nil if there is no mail
	log *slog.Logger

	mu   sync.Mutex
	told map[string]string // the reason that was mailed last, by pass type; guarded by mu
}

// raise mails the operator, once for each reason while it goes on. The sender logs
// each time.
func (p *pushAlarm) raise(ctx context.Context, a apns.Alarm) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.box == nil || p.box.operator == "" || a.Again && p.told[a.TypeID] == a.Reason {
		return
	}
	now := time.Now()
	state, err := p.box.post(ctx, keyring.Letter{
		ID: fmt.Sprintf("pushes-%s-%s-%d", a.TypeID, a.Reason, now.Unix()), To: p.box.operator, Date: now,
		Subject: "Pushes of " + a.TypeID + " have stopped", Text: alarmText(a),
	}, nil)
	if err != nil {
		p.log.ErrorContext(ctx, "the operator could not be told by mail that pushes have stopped", "type", a.TypeID, "state", state, "err", err)
		return
	}
	p.told[a.TypeID] = a.Reason
}

// alarmText says what happened, what it means and what to do.
func alarmText(a apns.Alarm) string {
	why := a.Reason
	if a.Err != nil {
		why += ": " + a.Err.Error()
	}
	return fmt.Sprintf(`passmill no longer pushes for passes of type %s: whoever pushes is refused.

The reason: %s

No phone is forgotten, and nothing is lost: what changes meanwhile is pushed once this is mended. But
until then phones do not hear of it.

%s

It is tried again at %s, and every hour after that; a certificate that was replaced, within a minute.
`, a.TypeID, why, alarmHelp(a), a.Until.UTC().Format("15:04 MST"))
}

// alarmHelp says what to do.
func alarmHelp(a apns.Alarm) string {
	switch a.Reason {
	case "BadCertificate", "BadCertificateEnvironment", "Forbidden", apns.ReasonExpired, apns.ReasonHandshake, apns.ReasonCertificate:
		return "Look at the certificate with passmill cert list. To renew it: passmill cert request --pass-type " + a.TypeID + ",\nthen passmill cert import FILE.cer. passmill push --all shows whether Apple takes it."
	case "ExpiredProviderToken", "InvalidProviderToken", "MissingProviderToken", apns.ReasonKey:
		return "Look at pushes: token: in " + settingsFile + ": key, keyId and teamId must be those that Apple shows, and this\nmachine's clock must be right. passmill push --all shows whether Apple takes them."
	case "TopicDisallowed", "BadTopic", "BadDeviceToken", "DeviceTokenNotForTopic":
		return "The certificate, the key or the server is not that of these passes: look at passmill cert list, and at\npushes: in " + settingsFile + "."
	}
	return "Apple's page \"Handling notification responses from APNs\" says what it means."
}
