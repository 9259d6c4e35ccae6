package ledger

import (
	"context"
	"fmt"
)

// changed tells the devices that have passes of these ids that the passes have new
// change numbers: they are to be pushed from due on (unix milliseconds). It belongs
// into the transaction that gives the numbers, behind that. A new wish begins a
// device's tries anew.
func (t *tx) changed(ctx context.Context, ids []int64, due int64) error {
	// In a key, what tells rows apart comes first; the planner of neither database
	// must begin with all subscriptions.
	const update = `
		UPDATE subscriptions
		SET tries = 0, due = ?, wanted = (
			SELECT MAX(p.change_number)
			FROM registrations r
			JOIN passes p ON p.id = r.pass_id
			WHERE r.device_id = subscriptions.device_id AND p.type_id = subscriptions.type_id
		)
		WHERE (device_id, type_id) IN (
			SELECT r.device_id, p.type_id
			FROM registrations r
			JOIN passes p ON p.id = r.pass_id
			WHERE r.pass_id IN (` + listMark + `)
		)`
	if _, err := execList(ctx, t, update, ids, due); err != nil {
		return fmt.Errorf("tell devices of changes: %w", err)
	}
	return nil
}
