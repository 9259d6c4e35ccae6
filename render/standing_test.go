package render_test

import (
	"encoding/json"
	"testing"
	"time"

	"passmill/render"
)

// TestStanding: void and expired passes say so once, whatever the template says, and
// say everything else as before.
func TestStanding(t *testing.T) {
	pass := []byte(`{"voided":false,"n":1.50,"expirationDate":"2030-01-01T00:00:00Z","s":"$$Name"}`)
	void, err := render.Void(pass)
	if want := `{"n":1.50,"expirationDate":"2030-01-01T00:00:00Z","s":"$$Name","voided":true}`; err != nil || string(void) != want {
		t.Errorf("void: %s (%v)", void, err)
	}
	at := time.Date(2026, 11, 25, 23, 0, 0, 0, time.FixedZone("", 3600))
	expired, err := render.Expire(pass, at)
	if want := `{"voided":false,"n":1.50,"s":"$$Name","expirationDate":"2026-11-25T22:00:00Z"}`; err != nil || string(expired) != want || !json.Valid(expired) {
		t.Errorf("expired: %s (%v)", expired, err)
	}
	if _, err := render.Void([]byte(`{`)); err == nil {
		t.Error("half a pass is voided")
	}
}
