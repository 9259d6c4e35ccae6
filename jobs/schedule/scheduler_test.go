package schedule_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"passmill/jobs"
	"passmill/jobs/schedule"
)

// A store keeps slots as a ledger does. Of those that have ended it keeps how many
// there are and how often each was worked on.
type store struct {
	mu      sync.Mutex
	since   map[string]time.Time
	texts   map[string]string
	open    map[int64]*jobs.Slot
	ended   map[string]*wall // by job
	lastID  int64
	skipped []jobs.Slot
	missed  int
	taken   int // takings-over
}

// A wall counts, for each minute that a clock on the wall may show, what became of it.
type wall struct {
	done   [11 * 366 * 24 * 60]uint8
	stands [11 * 366 * 24 * 60]bool // it is entered
	newest []time.Time              // instants, rising
}

var epoch = time.Date(2015, 12, 1, 0, 0, 0, 0, time.UTC)

// minute is the place of a local time in a wall.
func minute(local string) int {
	t, err := time.Parse("2006-01-02T15:04", local[:16])
	if err != nil {
		panic(err)
	}
	return int(t.Sub(epoch) / time.Minute)
}

func newStore() *store {
	return &store{since: map[string]time.Time{}, texts: map[string]string{}, open: map[int64]*jobs.Slot{}, ended: map[string]*wall{}}
}

func (s *store) SlotsEntered(_ context.Context, job, text string, now time.Time) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.texts[job] != text || s.since[job].After(now) {
		s.texts[job], s.since[job] = text, now
	}
	if s.ended[job] == nil {
		s.ended[job] = &wall{}
	}
	after := s.since[job]
	for _, t := range slices.Backward(s.ended[job].newest) {
		if !t.After(now) {
			if t.After(after) {
				after = t
			}
			break
		}
	}
	return after, nil
}

func (s *store) EnterSlots(_ context.Context, slots []jobs.Slot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range slots {
		w := s.ended[n.Job]
		at := minute(n.Local)
		if w.stands[at] {
			continue
		}
		w.stands[at] = true
		i, _ := slices.BinarySearchFunc(w.newest, n.Instant, time.Time.Compare)
		w.newest = slices.Insert(w.newest, i, n.Instant)
		if len(w.newest) > 20_000 {
			w.newest = slices.Clone(w.newest[10_000:])
		}
		s.missed += n.Passed
		for _, o := range s.open {
			if n.State == jobs.SlotDue && o.Job == n.Job {
				n.State, n.Reason = jobs.SlotSkipped, "the job still runs"
			}
		}
		switch s.lastID++; n.State {
		case jobs.SlotDue:
			n.ID = s.lastID
			s.open[n.ID] = &n
		case jobs.SlotSkipped:
			s.skipped = append(s.skipped, n)
		case jobs.SlotMissed:
			s.missed++
		}
	}
	return nil
}

func (s *store) OpenSlots(context.Context) (list []jobs.Slot, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.open {
		list = append(list, *o)
	}
	slices.SortFunc(list, func(a, b jobs.Slot) int { return cmp.Or(a.Instant.Compare(b.Instant), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

func (s *store) TakeSlot(_ context.Context, seen jobs.Slot, holder string) (jobs.Slot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[seen.ID]
	if o == nil || o.Fence != seen.Fence || o.Beat != seen.Beat || o.State != seen.State {
		return seen, jobs.ErrFenced
	}
	if o.State == jobs.SlotRunning {
		s.taken++
	}
	o.State, o.Holder = jobs.SlotRunning, holder
	o.Fence++
	o.Tries++
	return *o, nil
}

func (s *store) EndSlot(_ context.Context, e jobs.Slot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[e.ID]
	if o == nil || o.Fence != e.Fence {
		return jobs.ErrFenced
	}
	if o.State = e.State; e.State == jobs.SlotDue {
		return nil
	}
	delete(s.open, e.ID)
	s.ended[e.Job].done[minute(e.Local)]++
	return nil
}

// beat is a sign of life.
func (s *store) beat(b jobs.Slot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[b.ID]
	if o == nil || o.Fence != b.Fence {
		return jobs.ErrFenced
	}
	o.Beat++
	return nil
}

// A world is schedulers on one store, with a clock on the wall that jumps.
type world struct {
	*store
	t     *testing.T
	begin time.Time // of the simulated time
	start time.Time // when that was on the steady clock
	jump  time.Duration
	plans []schedule.Plan
	work  func(ctx context.Context, s jobs.Slot) jobs.SlotState

	group sync.WaitGroup
	stops []context.CancelFunc
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.begin.Add(time.Since(w.start) + w.jump)
}

func (w *world) leap(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jump = d
}

// run starts one more scheduler.
func (w *world) run(pause time.Duration) {
	ctx, stop := context.WithCancel(context.Background()) // halt ends it; that of the test is not of the bubble
	w.stops = append(w.stops, stop)
	s := &schedule.Scheduler{
		Claims: w.store, Now: w.now, Holder: fmt.Sprint("scheduler ", len(w.stops)), AtOnce: len(w.plans), Log: slog.New(slog.DiscardHandler),
		Plans: func(context.Context) ([]schedule.Plan, error) { return w.plans, nil },
		Do: func(ctx context.Context, s jobs.Slot) jobs.Slot {
			s.State = jobs.SlotDone
			if w.work != nil {
				s.State = w.work(ctx, s)
			}
			return s
		},
		Pause: pause, Lease: schedule.Lease, Grace: schedule.Grace,
	}
	w.group.Go(func() { s.Run(ctx) })
}

// halt stops all schedulers.
func (w *world) halt() {
	for _, stop := range w.stops {
		stop()
	}
	w.stops = nil
	w.group.Wait()
}

func (w *world) plan(zone string, crons ...string) {
	for _, c := range crons {
		w.plans = append(w.plans, schedule.Plan{Job: c, Text: c + zone, Schedule: parse(w.t, c, zone)})
	}
}

// A window is a time in which clocks jumped or nobody looked, so that minutes may be
// missed; from and to are true times.
type window struct{ from, to time.Time }

// years simulates schedules of every minute, day and month in a zone. Two schedulers
// look at the clock, of which now and then one or both stop and start again; and now
// and then, the clock jumps for a while. Minutes may be missed while it does, but
// nothing is ever done twice, and no day and no month is missed at all. first says which
// of these things comes first.
func years(t *testing.T, zone string, from time.Time, spans int, span time.Duration, first int) (done int) {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(uint64(spans), uint64(len(zone))))
	w := &world{store: newStore(), t: t, begin: from}
	w.plan(zone, "* * * * *", "30 2 * * *", "0 0 4 * *", "15 1 * * SUN")
	var windows []window
	synctest.Test(t, func(t *testing.T) {
		w.start = time.Now()
		w.run(time.Minute)
		time.Sleep(17 * time.Second)
		w.run(time.Minute)
		for n := range spans {
			time.Sleep(time.Until(w.start.Add(time.Duration(n)*span + span/10 + time.Duration(random.Int64N(int64(span/2))))))
			begin := w.now()
			switch (n + first) % 4 {
			case 0: // one stops, and another comes; nothing may be missed
				w.stops[0]()
				w.stops = w.stops[1:]
				w.run(time.Minute)
				continue
			case 1: // the clock jumps forward, and back
				w.leap(time.Duration(1+random.IntN(3*24*60)) * time.Minute)
				time.Sleep(time.Duration(1+random.IntN(600)) * time.Minute)
				w.leap(0)
			case 2: // back, and forward
				w.leap(-time.Duration(1+random.IntN(3*24*60)) * time.Minute)
				time.Sleep(time.Duration(1+random.IntN(600)) * time.Minute)
				w.leap(0)
			case 3: // nobody looks
				w.halt()
				time.Sleep(time.Duration(1+random.IntN(600)) * time.Minute)
				w.run(time.Minute)
				w.run(time.Minute)
			}
			time.Sleep(2 * time.Minute)
			windows = append(windows, window{begin.Add(-2 * time.Minute), w.now()})
		}
		time.Sleep(time.Until(w.start.Add(time.Duration(spans) * span)))
		w.halt()
	})
	for _, p := range w.plans {
		done += w.judge(p, loc, from, from.Add(time.Duration(spans)*span), windows)
	}
	return done
}

// judge goes through a wall, and through the instants of a schedule by its own means:
// which minutes the clock shows, and whether the cron names them.
func (w *world) judge(p schedule.Plan, zone *time.Location, from, to time.Time, windows []window) (done int) {
	w.t.Helper()
	const form = "2006-01-02T15:04"
	wants := map[string]func(time.Time) bool{
		"* * * * *":    func(time.Time) bool { return true },
		"30 2 * * *":   func(s time.Time) bool { return s.Hour() == 2 && s.Minute() == 30 },
		"0 0 4 * *":    func(s time.Time) bool { return s.Day() == 4 && s.Hour() == 0 && s.Minute() == 0 },
		"15 1 * * SUN": func(s time.Time) bool { return s.Weekday() == time.Sunday && s.Hour() == 1 && s.Minute() == 15 },
	}[p.Job]
	ended := w.ended[p.Job]
	missing := 0
	_, offset := from.In(zone).Zone()
	shown := from.Add(time.Duration(offset) * time.Second).UTC() // the latest that the clock has shown
	for now := from.Add(time.Minute); now.Before(to.Add(-2 * time.Minute)); now = now.Add(time.Minute) {
		_, offset := now.In(zone).Zone()
		for clock := now.Add(time.Duration(offset) * time.Second).UTC(); shown.Before(clock); {
			shown = shown.Add(time.Minute)
			if !wants(shown) {
				continue
			}
			// Of many times in a gap the last is the one that counts.
			leapt := shown.Before(clock) && wants(clock)
			switch n := ended.done[int(shown.Sub(epoch)/time.Minute)]; {
			case n > 1:
				w.t.Errorf("%s in %s: %s was done %d times", p.Job, zone, shown.Format(form), n)
			case n == 1:
				done++
			case leapt && ended.stands[int(shown.Sub(epoch)/time.Minute)]:
			case p.Job == "* * * * *" && slices.ContainsFunc(windows, func(w window) bool { return now.After(w.from) && now.Before(w.to) }):
			default:
				if missing++; missing < 5 {
					w.t.Errorf("%s in %s: %s was missed", p.Job, zone, shown.Format(form))
				}
			}
		}
	}
	return done
}

// TestYears simulates schedules in six zones around changes of all kinds: eight days, or
// with YEARS=10 as many years.
func TestYears(t *testing.T) {
	long := 0
	if text := os.Getenv("YEARS"); text != "" {
		if _, err := fmt.Sscan(text, &long); err != nil {
			t.Fatal(err)
		}
	}
	for i, change := range []struct{ zone, from string }{
		{"Europe/Berlin", "2018-10-25"}, {"America/New_York", "2019-03-07"}, {"America/Sao_Paulo", "2018-11-01"},
		{"Australia/Lord_Howe", "2018-10-04"}, {"Africa/Casablanca", "2019-05-02"}, {"Africa/Cairo", "2023-04-25"},
	} {
		t.Run(strings.ReplaceAll(change.zone, "/", "-"), func(t *testing.T) {
			from, err := time.Parse(time.DateOnly, change.from)
			if err != nil {
				t.Fatal(err)
			}
			spans, span := 1, 8*24*time.Hour
			if long > 0 {
				from, spans, span = time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC), 12*long, 365*24*time.Hour/12
			}
			begin := time.Now()
			done := years(t, change.zone, from, spans, span, i)
			t.Logf("%s: %v from %s, %d times of four schedules were done, each once, in %s",
				change.zone, time.Duration(spans)*span, from.Format(time.DateOnly), done, time.Since(begin).Round(time.Millisecond))
			if done < int(time.Duration(spans)*span/time.Minute)/2 {
				t.Errorf("only %d times were done", done)
			}
		})
	}
}

// TestZombies: of four schedulers some work and give no sign of life, for minutes.
// Their slots are taken over, what they say afterwards counts nothing, and each slot
// is done once.
func TestZombies(t *testing.T) {
	w := &world{store: newStore(), t: t, begin: time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)}
	w.plan("Europe/Berlin", "*/30 * * * *")
	var mu sync.Mutex
	random, late := rand.New(rand.NewPCG(1, 2)), 0
	w.work = func(ctx context.Context, s jobs.Slot) jobs.SlotState {
		mu.Lock()
		zombie, busy := s.Tries < 3 && random.IntN(3) == 0, time.Duration(random.IntN(300))*time.Second
		mu.Unlock()
		if zombie {
			time.Sleep(2*schedule.Lease + busy) // whatever it is told
			mu.Lock()
			defer mu.Unlock()
			late++
			return jobs.SlotDone
		}
		for range busy / (10 * time.Second) {
			select {
			case <-ctx.Done():
				return jobs.SlotDue
			case <-time.After(10 * time.Second):
			}
			if err := w.beat(s); err != nil {
				t.Errorf("%s: one that lives lost its slot: %v", s.Local, err)
			}
		}
		return jobs.SlotDone
	}
	synctest.Test(t, func(*testing.T) {
		w.start = time.Now()
		for range 4 {
			w.run(schedule.Pause)
			time.Sleep(1300 * time.Millisecond)
		}
		for range 5 * 24 {
			time.Sleep(time.Hour)
			w.stops[0]()
			w.stops = w.stops[1:]
			w.run(schedule.Pause)
		}
		time.Sleep(20 * time.Minute) // for the last one
		w.halt()
	})
	done := map[uint8]int{}
	for _, n := range w.ended["*/30 * * * *"].done {
		done[n]++
	}
	delete(done, 0)
	// In five days. Of three times at the gap, one is done and two are skipped.
	if want := map[uint8]int{1: 5 * 48}; !maps.Equal(done, want) || len(w.skipped) != 2 {
		t.Errorf("done %v, want %v; %d skipped", done, want, len(w.skipped))
	}
	if w.taken < 30 || late < 30 || w.missed > 0 || len(w.open) > 0 {
		t.Errorf("%d were taken over, %d zombies came back, %d missed, %d open", w.taken, late, w.missed, len(w.open))
	}
}

// TestMissed: after a time in which nobody looked, once runs the newest and says how
// many there were, and skip says so and runs none.
func TestMissed(t *testing.T) {
	for skip, want := range map[bool]string{false: "done 1, missed 9", true: "done 0, missed 10"} {
		w := &world{store: newStore(), t: t, begin: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
		w.plan("UTC", "0 2 * * *")
		w.plans[0].Skip = skip
		synctest.Test(t, func(*testing.T) {
			w.start = time.Now()
			w.run(schedule.Pause)
			time.Sleep(time.Minute)
			w.halt()
			time.Sleep(10 * 24 * time.Hour)
			w.run(schedule.Pause)
			time.Sleep(time.Minute)
			w.halt()
		})
		done := 0
		for _, n := range w.ended["0 2 * * *"].done {
			done += int(n)
		}
		if got := fmt.Sprintf("done %d, missed %d", done, w.missed); got != want {
			t.Errorf("skip %v: %s; want %s", skip, got, want)
		}
	}
}

// TestOverlap: a time that comes while the job still runs is skipped, and the next one
// after it is not.
func TestOverlap(t *testing.T) {
	w := &world{store: newStore(), t: t, begin: time.Date(2026, 1, 1, 12, 30, 0, 0, time.UTC)}
	w.plan("UTC", "0 * * * *")
	w.work = func(_ context.Context, s jobs.Slot) jobs.SlotState {
		for range 90 * 60 / 10 { // an hour and a half
			time.Sleep(10 * time.Second)
			if err := w.beat(s); err != nil {
				t.Error(err)
			}
		}
		return jobs.SlotDone
	}
	synctest.Test(t, func(*testing.T) {
		w.start = time.Now()
		w.run(schedule.Pause)
		w.run(schedule.Pause)
		time.Sleep(4*time.Hour + 15*time.Minute)
		w.halt()
	})
	var skipped []string
	for _, s := range w.skipped {
		skipped = append(skipped, s.Local)
	}
	if want := []string{"2026-01-01T14:00 UTC", "2026-01-01T16:00 UTC"}; !slices.Equal(skipped, want) {
		t.Errorf("skipped %q, want %q", skipped, want)
	}
}
