package passkit

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"

	"passmill/jobs"
)

// pushToken is what push tokens look like. Today's have 64 digits; Apple says that
// their length may change.
var pushToken = regexp.MustCompile(`^[0-9A-Fa-f]{16,200}$`)

// register notes that a device has a pass: 201 if that is new, 200 if it was known.
// The push token takes the place of the one before in any case.
func (s *server) register(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.admit(w, r); err != nil {
		return err
	}
	library := r.PathValue("device")
	if !plausible(library) {
		return &refusal{http.StatusBadRequest, "the path names no device library identifier"}
	}
	var body struct {
		PushToken string `json:"pushToken"`
	}
	// What Apple may add some day must not lose registrations, so other members are
	// not looked at.
	if err := decode(w, r, maxBody, &body); err != nil {
		return err
	}
	if !pushToken.MatchString(body.PushToken) {
		return &refusal{http.StatusBadRequest, `pushToken must be the hexadecimal push token of a device`}
	}
	typeID, serial := r.PathValue("type"), r.PathValue("serial")
	created, err := s.Store.Register(r.Context(), jobs.Registration{
		Device: jobs.DeviceOf(library), TypeID: typeID, Serial: serial, PushToken: body.PushToken,
	}, maxDevices)
	switch {
	case errors.Is(err, jobs.ErrNotFound): // it went in between
		return errUnauthorized
	case errors.Is(err, jobs.ErrTooMany):
		s.Log.WarnContext(r.Context(), "a device more than a pass may have", "serial", serial, "limit", maxDevices)
		return &refusal{http.StatusForbidden, "too many devices have this pass"}
	case err != nil:
		return err
	case created:
		w.WriteHeader(http.StatusCreated)
	}
	return nil
}

// unregister notes that a device has a pass no longer.
func (s *server) unregister(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.admit(w, r); err != nil {
		return err
	}
	return s.Store.Unregister(r.Context(), jobs.DeviceOf(r.PathValue("device")), r.PathValue("type"), r.PathValue("serial"))
}

// decode reads a body of bounded size as JSON.
func decode(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit)).Decode(into)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); err == nil || tooLarge {
		return err
	}
	return &refusal{http.StatusBadRequest, "the body is not the JSON that belongs here"}
}

// personalize is for passes that ask people for their names when they are added. There
// are none here, so no phone asks for it.
func (s *server) personalize(http.ResponseWriter, *http.Request) error {
	return &refusal{http.StatusNotImplemented, "this server has no passes that are personalized"}
}
