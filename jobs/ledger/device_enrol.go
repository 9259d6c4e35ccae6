package ledger

import (
	"context"
	"database/sql"
	"slices"

	"passmill/jobs"
)

// An enrol is a registration that is asked for.
type enrol struct {
	jobs.Registration
	limit int
}

// enrolling does registrations together, as few statements as it takes.
type enrolling struct {
	*tx
	asks    []enrol
	answers []enrolment
	now     int64
	number  int64 // the change number that the new ones take which need one
	taken   bool

	passes  map[passKey]passState
	devices map[jobs.Device]int64
	holders map[int64]map[jobs.Device]bool // by pass: those that have it, or get it now
}

// A passState is what matters of a pass to who registers for it.
type passState struct {
	id      int64
	changed bool // since it was first made
}

func newEnrolling(t *tx, asks []enrol, now int64) *enrolling {
	return &enrolling{
		tx: t, asks: asks, answers: make([]enrolment, len(asks)), now: now,
		passes: map[passKey]passState{}, devices: map[jobs.Device]int64{}, holders: map[int64]map[jobs.Device]bool{},
	}
}

// do does the steps in their order. The first takes the lock under which change
// numbers are given out: a pass that changes meanwhile changes for who registers, too,
// and he hears of it.
func (e *enrolling) do(ctx context.Context) error {
	last, err := e.lockCounter(ctx)
	if err != nil {
		return err
	}
	e.number = last + 1
	for _, step := range []func(context.Context) error{e.findPasses, e.findHolders, e.keepDevices, e.keepRegistrations, e.keepSubscriptions, e.countInstalled} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if !e.taken {
		return nil
	}
	const query = `UPDATE change_counter SET value = ? WHERE id = 1`
	_, err = e.exec(ctx, query, e.number)
	return err
}

func (e *enrolling) key(i int) passKey { return passKey{e.asks[i].TypeID, e.asks[i].Serial} }

func (e *enrolling) pass(i int) passState { return e.passes[e.key(i)] }

func (e *enrolling) findPasses(ctx context.Context) error {
	// Dates of passes are in whole seconds, in which a pass is first as old as itself.
	const query = `
		SELECT id, serial, CASE WHEN modified / 1000 > created / 1000 THEN 1 ELSE 0 END
		FROM passes
		WHERE type_id = ? AND serial IN (` + listMark + `)`
	types := map[string][]string{}
	for i := range e.asks {
		types[e.asks[i].TypeID] = append(types[e.asks[i].TypeID], e.asks[i].Serial)
	}
	for typeID, serials := range types {
		err := eachList(ctx, e.tx, func(rows *sql.Rows) error {
			var p passState
			var serial string
			err := rows.Scan(&p.id, &serial, &p.changed)
			e.passes[passKey{typeID, serial}] = p
			return err
		}, query, serials, typeID)
		if err != nil {
			return err
		}
	}
	return nil
}

// findHolders finds out who has the passes, and with it which asks are new, and which
// are too many.
func (e *enrolling) findHolders(ctx context.Context) error {
	const query = `
		SELECT r.pass_id, d.library
		FROM registrations r
		JOIN devices d ON d.id = r.device_id
		WHERE r.pass_id IN (` + listMark + `)`
	var ids []int64
	for _, p := range e.passes {
		ids = append(ids, p.id)
		e.holders[p.id] = map[jobs.Device]bool{}
	}
	err := eachList(ctx, e.tx, func(rows *sql.Rows) error {
		var pass int64
		var library sql.RawBytes
		var device jobs.Device
		err := rows.Scan(&pass, &library)
		copy(device[:], library)
		e.holders[pass][device] = true
		return err
	}, query, ids)
	if err != nil {
		return err
	}
	for i := range e.asks {
		p, a := e.pass(i), &e.asks[i]
		holders := e.holders[p.id]
		switch {
		case p.id == 0:
			e.answers[i].err = jobs.ErrNotFound
		case holders[a.Device]:
		case len(holders) >= a.limit:
			e.answers[i].err = jobs.ErrTooMany
		default:
			holders[a.Device] = true
			e.answers[i].created = true
		}
	}
	return nil
}

var upsertDevices = bulk{
	head: `INSERT INTO devices (library, created, seen)`,
	row:  `(?, ?, ?)`,
	tail: ` ON CONFLICT (library) DO UPDATE SET seen = excluded.seen RETURNING id, library`,
}

func (e *enrolling) keepDevices(ctx context.Context) error {
	var list []jobs.Device // one statement can't write one row twice
	for i := range e.asks {
		device := e.asks[i].Device
		if _, there := e.devices[device]; !there && e.answers[i].err == nil {
			e.devices[device] = 0
			list = append(list, device)
		}
	}
	return e.insert(ctx, upsertDevices, len(list), func(dst []any, i int) []any {
		return append(dst, list[i][:], e.now, e.now)
	}, func(rows *sql.Rows) error {
		var id int64
		var library sql.RawBytes
		var device jobs.Device
		err := rows.Scan(&id, &library)
		copy(device[:], library)
		e.devices[device] = id
		return err
	})
}

// Who registers again may hold an older version again: he has removed the pass without
// our hearing of it, and added it from a mail.
var upsertRegistrations = bulk{
	head: `INSERT INTO registrations (pass_id, device_id, created, number)`,
	row:  `(?, ?, ?, ?)`,
	tail: `
		ON CONFLICT (pass_id, device_id) DO UPDATE SET
			number = CASE WHEN excluded.number > 0 THEN excluded.number ELSE registrations.number END`,
}

func (e *enrolling) keepRegistrations(ctx context.Context) error {
	type pair struct{ pass, device int64 }
	there := map[pair]bool{} // as above
	var list []pair
	var numbers []int64
	for i := range e.asks {
		p := pair{e.pass(i).id, e.devices[e.asks[i].Device]}
		if e.answers[i].err != nil || there[p] {
			continue
		}
		there[p] = true
		number := int64(0)
		if e.pass(i).changed {
			number, e.taken = e.number, true
		}
		list, numbers = append(list, p), append(numbers, number)
	}
	return e.insert(ctx, upsertRegistrations, len(list), func(dst []any, i int) []any {
		return append(dst, list[i].pass, list[i].device, e.now, numbers[i])
	}, nil)
}

// A new push token takes the place of the old one, also of one that Apple gave up. Who
// has one and was not told everything is pushed again: what went to the old one may
// have gone nowhere.
var upsertSubscriptions = bulk{
	head: `INSERT INTO subscriptions (device_id, type_id, push_token, token_at, wanted, due)`,
	row:  `(?, ?, ?, ?, ?, ?)`,
	tail: `
		ON CONFLICT (device_id, type_id) DO UPDATE SET
			push_token = excluded.push_token,
			token_at = excluded.token_at,
			answer = CASE WHEN subscriptions.push_token = excluded.push_token THEN subscriptions.answer ELSE '' END,
			wanted = CASE WHEN excluded.wanted > 0 THEN excluded.wanted ELSE subscriptions.wanted END,
			tries = CASE
				WHEN excluded.wanted > 0 OR subscriptions.push_token <> excluded.push_token AND subscriptions.wanted > subscriptions.told THEN 0
				ELSE subscriptions.tries
			END,
			due = CASE
				WHEN excluded.wanted > 0 THEN excluded.due
				WHEN subscriptions.push_token <> excluded.push_token AND subscriptions.wanted > subscriptions.told THEN excluded.token_at
				ELSE subscriptions.due
			END`,
}

// A subscribing is what a device asked for, for the passes of one type.
type subscribing struct {
	device      int64
	typeID      string
	token       string
	wanted, due int64
}

func (e *enrolling) keepSubscriptions(ctx context.Context) error {
	type owner struct {
		device int64
		typeID string
	}
	places := map[owner]int{}
	var list []subscribing
	for i := range e.asks {
		if e.answers[i].err != nil {
			continue
		}
		o := owner{e.devices[e.asks[i].Device], e.asks[i].TypeID}
		at, there := places[o]
		if !there {
			at = len(list)
			places[o] = at
			list = append(list, subscribing{device: o.device, typeID: o.typeID})
		}
		list[at].token = e.asks[i].PushToken
		if e.pass(i).changed {
			list[at].wanted, list[at].due = e.number, e.now
		}
	}
	return e.insert(ctx, upsertSubscriptions, len(list), func(dst []any, i int) []any {
		s := &list[i]
		return append(dst, s.device, s.typeID, s.token, e.now, s.wanted, s.due)
	}, nil)
}

// countInstalled counts the passes that no phone has had until now.
func (e *enrolling) countInstalled(ctx context.Context) error {
	const query = `UPDATE passes SET installed = ? WHERE installed = 0 AND id IN (` + listMark + `) RETURNING job`
	var ids []int64
	for i := range e.asks {
		if e.answers[i].created {
			ids = append(ids, e.pass(i).id)
		}
	}
	slices.Sort(ids)
	return e.countEach(ctx, jobs.FunnelInstalled, fromMillis(e.now), func(scan func(*sql.Rows) error) error {
		return eachList(ctx, e.tx, scan, query, slices.Compact(ids), e.now)
	})
}
