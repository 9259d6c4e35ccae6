package phonetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"passmill/output/passkit/phone"
)

// A Memory is a web service and its database in memory, with writers whose
// transactions have steps, and whose steps fall between those of the service too.
// It follows the same rules as the ledger: change numbers are taken under a lock that
// is held until the commit; a registration takes one too, since the phone may have an
// older version than it knows of; a tag names the epoch of the database besides a
// number; Last-Modified of a pass rises strictly.
type Memory struct {
	// Fault makes it wrong in one way; empty is right.
	Fault Fault

	rng     *rand.Rand
	now     time.Time
	floor   time.Time // which no jump goes behind
	latest  int64     // Last-Modified that any pass ever had, unix seconds
	data    state     // what is committed
	kept    *state    // the backup
	writers []writer
	holder  int // the writer that holds the lock, -1 for none
	epoch   int

	finished bool // writers begin nothing at present
}

// state is what a backup holds.
type state struct {
	number  int // the newest committed change number
	drawn   int // the newest drawn one, where numbers are drawn early
	passes  []storedPass
	subs    map[subscriptionKey]*subscription
	regs    map[registrationKey]int // the number that each took
	devices []subscriptionKey       // keys of subs, in their order
}

type storedPass struct {
	value    int
	change   int
	modified int64 // unix seconds
	touched  int64 // unix seconds, as the clock said
}

type subscriptionKey struct{ library, typeID string }

type registrationKey struct {
	subscriptionKey
	pass int
}

// A subscription is a device and a pass type.
type subscription struct {
	token        string
	wanted, told int
	tries        int
	due          time.Time // zero: no push is
}

// The passes of a Memory: of two types, with few values, so that they change back as
// well.
const (
	memoryTypes  = 2
	memoryValues = 5
)

// NewMemory returns one with so many passes and writers.
func NewMemory(seed uint64, passes, writers int, fault Fault) *Memory {
	m := &Memory{
		Fault: fault, rng: rand.New(rand.NewPCG(seed, 2)), now: time.Unix(1_800_000_000, 0), holder: -1,
		writers: make([]writer, writers),
		data:    state{subs: map[subscriptionKey]*subscription{}, regs: map[registrationKey]int{}},
	}
	for range passes {
		m.data.number++
		m.data.passes = append(m.data.passes, storedPass{change: m.data.number, modified: m.now.Unix(), touched: m.now.Unix()})
	}
	m.data.drawn = m.data.number
	return m
}

// World returns the world of a simulation over it. Handler is the web service over
// the memory; nil is its own.
func (m *Memory) World(handler http.Handler) World {
	if handler == nil {
		handler = m
	}
	return World{
		Handler: func() http.Handler { return handler },
		Passes:  len(m.data.passes),
		Judge:   JudgeMemory,
		File:    func(pass int) ([]byte, error) { return m.file(pass), nil },
		Write:   func(w int) error { m.finished = false; m.write(w); return nil },
		Finish:  func() error { m.finish(); return nil },
		Push:    func() ([]Push, error) { return m.push(), nil },
		Jump:    m.jump,
		Restart: func() error { m.restart(); return nil },
		Backup:  func() error { m.kept = m.data.clone(); return nil },
		Restore: func() error { m.restore(); return nil },
	}
}

// JudgeMemory is the judge of the files of a Memory: they are a pass.json alone.
func JudgeMemory(data []byte) phone.Contents {
	if len(data) == 0 {
		return phone.Contents{Refused: []string{"empty"}}
	}
	return phone.Contents{JSON: data, Hash: string(data)}
}

func typeOf(pass int) string   { return "pass.com.example." + strconv.Itoa(pass%memoryTypes) }
func serialOf(pass int) string { return "S-" + strconv.Itoa(pass) }

// passOf returns the pass of a type and serial number, -1 if there is none.
func (m *Memory) passOf(typeID, serial string) int {
	n, err := strconv.Atoi(serial[min(2, len(serial)):])
	if err != nil || n < 0 || n >= len(m.data.passes) || typeOf(n) != typeID || serialOf(n) != serial {
		return -1
	}
	return n
}

func tokenOf(pass int) string { return fmt.Sprintf("token-%010d", pass) }

func (m *Memory) file(pass int) []byte {
	return fmt.Appendf(nil, `{"passTypeIdentifier":%q,"serialNumber":%q,"webServiceURL":"https://example.com/wallet","authenticationToken":%q,"voided":false,"storeCard":{"headerFields":[{"key":"v","value":%d}]}}`,
		typeOf(pass), serialOf(pass), tokenOf(pass), m.data.passes[pass].value)
}

// push returns to whom pushes are due, and plans the next try: after an hour and a
// day, three at most.
func (m *Memory) push() (due []Push) {
	for _, key := range m.data.devices {
		s := m.data.subs[key]
		if s == nil || s.due.IsZero() || s.due.After(m.now) {
			continue
		}
		due = append(due, Push{s.token, key.typeID})
		s.tries++
		switch {
		case m.Fault == PushedOnce || s.tries >= 3:
			s.due = time.Time{}
		case s.tries == 1:
			s.due = m.now.Add(time.Hour)
		default:
			s.due = m.now.Add(24 * time.Hour)
		}
	}
	return due
}

// jump moves the clock. A backup is restored on a machine that knows the time, and
// behind that moment it does not go back: the times of what was lost then are
// unknown to the server, and Last-Modified might repeat one of them for other
// contents.
func (m *Memory) jump(d time.Duration) {
	m.now = m.now.Add(d)
	if m.now.Before(m.floor) {
		m.now = m.floor
	}
	if d < 0 { // a clock that was set back has its timers set again
		for _, key := range m.data.devices {
			if s := m.data.subs[key]; s != nil && !s.due.IsZero() && s.due.After(m.now.Add(24*time.Hour)) {
				s.due = m.now
			}
		}
	}
}

func (m *Memory) restart() {
	clear(m.writers) // what was not committed is gone
	m.holder = -1
}

func (m *Memory) restore() {
	if m.kept == nil {
		return
	}
	m.restart()
	m.data = *m.kept.clone()
	if m.Fault != NoEpoch {
		m.epoch++
	}
	if ever := time.Unix(m.latest, 0); m.now.Before(ever) {
		m.now = ever
	}
	m.now = m.now.Add(time.Second)
	m.floor = m.now
	for _, key := range m.data.devices {
		if s := m.data.subs[key]; s != nil {
			s.tries, s.due, s.told = 0, m.now, 0
		}
	}
}

func (s *state) clone() *state {
	c := *s
	c.passes, c.devices, c.regs = slices.Clone(s.passes), slices.Clone(s.devices), maps.Clone(s.regs)
	c.subs = make(map[subscriptionKey]*subscription, len(s.subs))
	for key, sub := range s.subs {
		own := *sub
		c.subs[key] = &own
	}
	return &c
}
