package passkit

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"passmill/jobs"
)

// tellTime is how long noting what a device was told may take: the device has its
// answer by then.
const tellTime = 30 * time.Second

// A listing is the answer to a device that asks what changed.
type listing struct {
	Serials     []string `json:"serialNumbers"`
	LastUpdated string   `json:"lastUpdated"`
}

// updates tells a device which of its passes changed since a tag: 200, or 204 if none
// did. Who asks shows nothing but the identifier of the device; one that nobody knows
// is answered like one whose passes are as they were.
//
// What the device was told is noted after the answer is on its way: if it did not get
// that far, the device is pushed again.
func (s *server) updates(w http.ResponseWriter, r *http.Request) error {
	library, typeID := r.PathValue("device"), r.PathValue("type")
	w.Header().Set("Cache-Control", "no-store")
	if !plausible(library) || !plausible(typeID) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	device := jobs.DeviceOf(library)
	u, err := s.Store.Updates(r.Context(), device, typeID, jobs.ParseTag(r.URL.Query().Get("passesUpdatedSince")))
	if err != nil {
		return err
	}
	if len(u.Serials) == 0 {
		w.WriteHeader(http.StatusNoContent)
	} else {
		text, err := json.Marshal(listing{u.Serials, u.Tag.String()})
		if err != nil {
			panic("passkit: a list that is no JSON: " + err.Error())
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.Write(text) // whether it arrives, Flush tells
	}
	if err := http.NewResponseController(w).Flush(); err != nil || !u.Known || u.Noted || r.Method == http.MethodHead {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), tellTime)
	defer cancel()
	if err := s.Store.Told(ctx, device, typeID, u.Tag.Number); err != nil {
		s.Log.WarnContext(ctx, "not noted what a device was told, so it is pushed again", "err", err)
	}
	return nil
}
