package ledger_test

import (
	"slices"
	"testing"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// TestFsckDevices damages what is known of devices in one way at a time.
func TestFsckDevices(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		for code, sql := range map[string]string{
			"device-without-pass":               `INSERT INTO devices (id, library, created, seen) SELECT 99, manifest_hash, 1, 1 FROM artefacts WHERE pass_id = 1`,
			"registration-without-pass":         `INSERT INTO registrations (pass_id, device_id, created) VALUES (999, 1, 1)`,
			"registration-without-device":       `INSERT INTO registrations (pass_id, device_id, created) VALUES (1, 999, 1)`,
			"registration-without-subscription": `DELETE FROM subscriptions WHERE device_id = 2`,
			"subscription-without-pass":         `INSERT INTO subscriptions (device_id, type_id, push_token, token_at) VALUES (1, 'pass.other', 't', 1)`,
			"device-ahead":                      `UPDATE subscriptions SET told = 1000000 WHERE device_id = 1`,
			"registration-ahead":                `UPDATE registrations SET number = 1000000 WHERE device_id = 1`,
			"device-not-told":                   `UPDATE subscriptions SET wanted = 0 WHERE device_id = 2`,
		} {
			t.Run(code, func(t *testing.T) {
				dsn := dsn
				if !isPostgres(dsn) {
					dsn = t.TempDir() + "/passmill.db"
				}
				db := open(t, dsn)
				if number(t, dsn, `SELECT COUNT(*) FROM passes`) == 0 {
					finished(t, db, key("a"), rows(1, 5, "x")...)
					must1(db.Register(t.Context(), registration(phone, "S00001", "t"), 9))
					must1(db.Register(t.Context(), registration(jobs.DeviceOf("other"), "S00002", "t"), 9))
					finished(t, db, key("b"), row(2, "S00002", "y"))
				}
				if got := findings(t, db, ledger.FsckOptions{}); len(got) != 0 {
					t.Fatalf("found %q before", got)
				}
				undo := keepDevices(t, dsn)
				behind(t, dsn, sql)
				if got := findings(t, db, ledger.FsckOptions{}); !slices.Contains(got, code) {
					t.Errorf("found %q, want %s", got, code)
				}
				undo()
			})
		}
	})
}

// keepDevices returns what brings the tables of devices back to what they are now.
func keepDevices(t *testing.T, dsn string) (undo func()) {
	t.Helper()
	tables := []string{"devices", "subscriptions", "registrations"}
	for _, table := range tables {
		behind(t, dsn, `CREATE TABLE kept_`+table+` AS SELECT * FROM `+table)
	}
	return func() {
		for _, table := range slices.Backward(tables) {
			behind(t, dsn, `DELETE FROM `+table)
		}
		for _, table := range tables {
			behind(t, dsn, `INSERT INTO `+table+` SELECT * FROM kept_`+table)
			behind(t, dsn, `DROP TABLE kept_`+table)
		}
	}
}
