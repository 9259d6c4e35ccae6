package phonetest

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"passmill/jobs"
	"passmill/output/passkit"
)

// Service returns passmill's own web service over the memory.
func (m *Memory) Service() http.Handler {
	s := memoryStore{m}
	return passkit.Service{Store: s, Maker: s, Prefix: "/wallet", Now: func() time.Time { return m.now }}.Handler()
}

// A memoryStore is a memory in the form in which the web service asks for passes and
// devices. Between any two of its steps writers work.
type memoryStore struct{ m *Memory }

var (
	_ passkit.Store = memoryStore{}
	_ passkit.Maker = memoryStore{}
)

// Version implements [passkit.Passes].
func (s memoryStore) Version(_ context.Context, typeID, serial string) (jobs.PassVersion, error) {
	pass := s.m.passOf(typeID, serial)
	if pass < 0 {
		return jobs.PassVersion{}, jobs.ErrNotFound
	}
	v := s.version(pass)
	s.m.between()
	return v, nil
}

func (s memoryStore) version(pass int) jobs.PassVersion {
	p := s.m.data.passes[pass]
	return jobs.PassVersion{
		ID: int64(pass) + 1, Job: "members", Token: 1, Change: int64(p.change), Modified: time.Unix(p.modified, 0).UTC(), Epoch: strconv.Itoa(s.m.epoch),
	}
}

// Register implements [passkit.Devices].
func (s memoryStore) Register(_ context.Context, r jobs.Registration, _ int) (bool, error) {
	pass := s.m.passOf(r.TypeID, r.Serial)
	if pass < 0 {
		return false, jobs.ErrNotFound
	}
	created := s.m.Register(string(r.Device[:]), r.TypeID, pass, r.PushToken)
	s.m.between()
	return created, nil
}

// Unregister implements [passkit.Devices].
func (s memoryStore) Unregister(_ context.Context, device jobs.Device, typeID, serial string) error {
	s.m.Unregister(string(device[:]), typeID, s.m.passOf(typeID, serial))
	return nil
}

// Updates implements [passkit.Devices].
func (s memoryStore) Updates(_ context.Context, device jobs.Device, typeID string, since jobs.Tag) (jobs.Updates, error) {
	key := subscriptionKey{string(device[:]), typeID}
	u := jobs.Updates{Tag: jobs.Tag{Epoch: strconv.Itoa(s.m.epoch)}, Known: s.m.data.subs[key] != nil}
	for pass := range s.m.data.passes {
		at, registered := s.m.data.regs[registrationKey{key, pass}]
		if !registered {
			continue
		}
		stamp := int64(s.m.stamp(pass, at))
		u.Tag.Number = max(u.Tag.Number, stamp)
		if since.Epoch != u.Tag.Epoch || stamp > since.Number {
			u.Serials = append(u.Serials, serialOf(pass))
		}
	}
	if s.m.Fault == NewestOnly {
		u.Serials = s.m.only(u.Serials, int(u.Tag.Number))
	}
	s.m.between()
	return u, nil
}

// Told implements [passkit.Devices].
func (s memoryStore) Told(_ context.Context, device jobs.Device, typeID string, number int64) error {
	s.m.Told(string(device[:]), typeID, int(number))
	return nil
}

// AddPhoneLines implements [passkit.Listener].
func (s memoryStore) AddPhoneLines(context.Context, []jobs.PhoneLine) error { return nil }

// Token implements [passkit.Maker].
func (s memoryStore) Token(_ context.Context, _ int, typeID, serial string) (string, error) {
	return tokenOf(s.m.passOf(typeID, serial)), nil
}

// Signer implements [passkit.Maker].
func (s memoryStore) Signer(context.Context, jobs.PassVersion, string) (string, error) {
	return "signer", nil
}

// Make implements [passkit.Maker].
func (s memoryStore) Make(_ context.Context, _ jobs.PassVersion, typeID, serial string) (passkit.Pass, error) {
	s.m.between()
	pass := s.m.passOf(typeID, serial)
	return passkit.Pass{Data: s.m.file(pass), Version: s.version(pass)}, nil
}
