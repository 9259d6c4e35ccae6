package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// A Subscription is what a device is to hear of the passes of a type, as people are
// told of it: with neither the identifier nor the push token, which would open
// something.
type Subscription struct {
	DeviceID int64
	Device   string // the beginning of a hash
	TypeID   string
	Token    string    // the beginning of the push token's hash; "" if it was dropped
	TokenAt  time.Time // when it was registered last
	Seen     time.Time // when the device was there last
	Passes   int
	Wanted   int64 // the change number that it is to hear of
	Told     int64 // the one that it has heard of
	Pushed   int64 // the one that it was pushed for last
	Tries    int   // pushes for Wanted
	Setbacks int   // tries in a row that came to nothing
	Due      time.Time
	Answered time.Time
	Answer   string // of the last push; "" if it was taken
}

// A SubscriptionFilter says which subscriptions are wanted.
type SubscriptionFilter struct {
	Job, Serial string // devices that have a pass of it; "" for any
	Device      []byte // the beginning of the hash
	Waiting     bool   // only those that have not heard of everything
}

// Subscriptions returns subscriptions in the order of their devices, at most limit,
// behind one of them. An empty list is the end.
func (d *DB) Subscriptions(ctx context.Context, f SubscriptionFilter, after Subscription, limit int) ([]Subscription, error) {
	const query = `
		SELECT d.id, d.library, d.seen, s.type_id, s.push_token, s.token_at, s.wanted, s.told, s.pushed, s.tries, s.setbacks, s.due, s.answered, s.answer,
			(SELECT COUNT(*) FROM registrations r JOIN passes p ON p.id = r.pass_id WHERE r.device_id = s.device_id AND p.type_id = s.type_id) AS passes
		FROM subscriptions s
		JOIN devices d ON d.id = s.device_id
		WHERE (s.device_id, s.type_id) > (?, ?) AND d.library >= ? AND d.library <= ? AND (s.told < s.wanted OR ? = 0)
			AND ((CAST(? AS TEXT) = '' AND CAST(? AS TEXT) = '') OR EXISTS (
				SELECT 1
				FROM registrations r
				JOIN passes p ON p.id = r.pass_id
				WHERE r.device_id = s.device_id AND p.type_id = s.type_id
					AND (p.job = ? OR CAST(? AS TEXT) = '') AND (p.serial = ? OR CAST(? AS TEXT) = '')
			))
		ORDER BY s.device_id, s.type_id
		LIMIT ?`
	var rows []subscriptionRow
	waiting := 0
	if f.Waiting {
		waiting = 1
	}
	last := append(bytes.Clone(f.Device), bytes.Repeat([]byte{0xff}, max(0, sha256.Size-len(f.Device)))...)
	err := d.list(ctx, &rows, query, after.DeviceID, after.TypeID, append([]byte{}, f.Device...), last, waiting, f.Job, f.Serial, f.Job, f.Job, f.Serial, f.Serial, limit)
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	list := make([]Subscription, len(rows))
	for i := range rows {
		list[i] = rows[i].subscription()
	}
	return list, nil
}

type subscriptionRow struct {
	ID       int64  `db:"id"`
	Library  []byte `db:"library"`
	Seen     int64  `db:"seen"`
	TypeID   string `db:"type_id"`
	Token    string `db:"push_token"`
	TokenAt  int64  `db:"token_at"`
	Wanted   int64  `db:"wanted"`
	Told     int64  `db:"told"`
	Pushed   int64  `db:"pushed"`
	Tries    int    `db:"tries"`
	Setbacks int    `db:"setbacks"`
	Due      int64  `db:"due"`
	Answered int64  `db:"answered"`
	Answer   string `db:"answer"`
	Passes   int    `db:"passes"`
}

func (r *subscriptionRow) subscription() Subscription {
	s := Subscription{
		DeviceID: r.ID, Device: hex.EncodeToString(r.Library[:6]), TypeID: r.TypeID, Passes: r.Passes, Wanted: r.Wanted, Told: r.Told, Pushed: r.Pushed,
		Tries: r.Tries, Setbacks: r.Setbacks, Answer: r.Answer, TokenAt: fromMillis(r.TokenAt), Seen: fromMillis(r.Seen),
	}
	if r.Token != "" {
		sum := sha256.Sum256([]byte(r.Token))
		s.Token = hex.EncodeToString(sum[:6])
	}
	if r.Due > 0 {
		s.Due = fromMillis(r.Due)
	}
	if r.Answered > 0 {
		s.Answered = fromMillis(r.Answered)
	}
	return s
}

// A DevicePass is a pass that a device has registered.
type DevicePass struct {
	TypeID, Serial, Job string
	Change              int64 // the change number of the pass
	Registered          time.Time
}

// DevicePasses returns the passes of a device, by type and serial number.
func (d *DB) DevicePasses(ctx context.Context, device int64) ([]DevicePass, error) {
	const query = `
		SELECT p.type_id, p.serial, p.job, p.change_number, r.created
		FROM registrations r
		JOIN passes p ON p.id = r.pass_id
		WHERE r.device_id = ?
		ORDER BY p.type_id, p.serial`
	var rows []struct {
		TypeID  string `db:"type_id"`
		Serial  string `db:"serial"`
		Job     string `db:"job"`
		Change  int64  `db:"change_number"`
		Created int64  `db:"created"`
	}
	if err := d.list(ctx, &rows, query, device); err != nil {
		return nil, fmt.Errorf("passes of a device: %w", err)
	}
	list := make([]DevicePass, len(rows))
	for i, r := range rows {
		list[i] = DevicePass{r.TypeID, r.Serial, r.Job, r.Change, fromMillis(r.Created)}
	}
	return list, nil
}
