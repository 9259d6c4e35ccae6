package certapi_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

// useCertificate runs a job of three rows that a certificate signs.
func useCertificate(t testing.TB, db *ledger.DB, certificate string) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	hash := func(text string) jobs.Hash {
		sum := sha256.Sum256([]byte(text))
		return jobs.Hash(sum[:16])
	}
	version := hash("template")
	must(t, db.SaveTemplate(ctx, version, "storecard", map[string][]byte{"template.json": []byte("{}")}))
	key := jobs.RunKey{Job: "members", Source: hash(certificate), Template: version, Sink: "dir:out", Settings: hash("settings")}
	run, err := db.Begin(ctx, key, now)
	must(t, err)
	row := jobs.Staged{Row: 1, Serial: certificate[:8], Fingerprint: hash(certificate), Values: []byte("x"), Name: certificate[:8] + ".pkpass"}
	must(t, db.Stage(ctx, run.ID, jobs.Batch{Number: 1, Staged: []jobs.Staged{row}}))
	_, err = db.Imported(ctx, run.ID)
	must(t, err)
	waiting, err := db.Waiting(ctx, run.ID, 0, 2)
	must(t, err)
	made := []jobs.Made{{Staged: waiting[0], TypeID: "pass.com.example.a", Template: version, Certificate: certificate, Size: 1, Manifest: sha256.Sum256(nil)}}
	must(t, db.Commit(ctx, run.ID, "dir:out", made, nil))
	_, err = db.Finish(ctx, run.ID, jobs.RunDone, now)
	must(t, err)
}
