package ledger

import (
	"context"
	"fmt"
)

// A deviceLaw is something that must not be of any device. The query returns the ids of
// the devices between two ids of which it is.
type deviceLaw struct {
	code, message, query string
}

var deviceLaws = []deviceLaw{
	{"device-without-pass", "is registered for no pass", `
		SELECT d.id
		FROM devices d
		WHERE d.id > ? AND d.id <= ? AND NOT EXISTS (SELECT 1 FROM registrations r WHERE r.device_id = d.id)`},
	{"registration-without-pass", "is registered for a pass that isn't there", `
		SELECT DISTINCT r.device_id
		FROM registrations r
		WHERE r.device_id > ? AND r.device_id <= ? AND NOT EXISTS (SELECT 1 FROM passes p WHERE p.id = r.pass_id)`},
	{"registration-without-device", "has registrations, but is not known itself", `
		SELECT DISTINCT r.device_id
		FROM registrations r
		WHERE r.device_id > ? AND r.device_id <= ? AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.id = r.device_id)`},
	{"registration-without-subscription", "has a pass of a type for which there is no push token", `
		SELECT DISTINCT r.device_id
		FROM registrations r
		JOIN passes p ON p.id = r.pass_id
		WHERE r.device_id > ? AND r.device_id <= ?
			AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.device_id = r.device_id AND s.type_id = p.type_id)`},
	{"subscription-without-pass", "is to be pushed for passes of a type of which it has none", `
		SELECT DISTINCT s.device_id
		FROM subscriptions s
		WHERE s.device_id > ? AND s.device_id <= ? AND NOT EXISTS (
			SELECT 1
			FROM registrations r
			JOIN passes p ON p.id = r.pass_id
			WHERE r.device_id = s.device_id AND p.type_id = s.type_id
		)`},
	{"device-ahead", "knows, or waits for, a change number that was never given out", `
		SELECT DISTINCT s.device_id
		FROM subscriptions s
		JOIN change_counter c ON c.id = 1
		WHERE s.device_id > ? AND s.device_id <= ? AND (s.wanted > c.value OR s.told > c.value OR s.pushed > c.value)`},
	{"registration-ahead", "has a registration with a change number that was never given out", `
		SELECT DISTINCT r.device_id
		FROM registrations r
		JOIN change_counter c ON c.id = 1
		WHERE r.device_id > ? AND r.device_id <= ? AND r.number > c.value`},
	// Dates of passes are in whole seconds, in which a pass is first as old as itself.
	{"device-not-told", "was never to be told that one of its passes has changed", `
		SELECT DISTINCT r.device_id
		FROM registrations r
		JOIN passes p ON p.id = r.pass_id
		JOIN subscriptions s ON s.device_id = r.device_id AND s.type_id = p.type_id
		WHERE r.device_id > ? AND r.device_id <= ? AND s.wanted < p.change_number AND p.modified / 1000 > p.created / 1000`},
}

// devices checks what is known of devices.
func (c *checker) devices(ctx context.Context) error {
	const newest = `
		SELECT CASE WHEN d.id > r.id THEN d.id ELSE r.id END
		FROM (SELECT COALESCE(MAX(id), 0) AS id FROM devices) d, (SELECT COALESCE(MAX(device_id), 0) AS id FROM registrations) r`
	var last int64
	if err := c.get(ctx, &last, newest); err != nil {
		return err
	}
	for from := int64(0); from < last; from += span {
		for _, law := range deviceLaws {
			var ids []int64
			if err := c.list(ctx, &ids, law.query, from, from+span); err != nil {
				return err
			}
			for _, id := range ids {
				if !c.found(Finding{Code: law.code, Subject: fmt.Sprintf("device %d", id), Message: law.message, Fix: "restore the last backup"}) {
					return nil
				}
			}
		}
	}
	return nil
}
