package passkit

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"passmill/jobs"
)

// contentType is the type of passes.
const contentType = "application/vnd.apple.pkpass"

// Time for sending a pass: as long as any answer may take, and as much more as a slow
// network needs for its size.
const (
	sendTime  = time.Minute
	sendSpeed = 4 << 10 // bytes a second
	sendLimit = 10 * time.Minute
)

// fetch answers with a pass, or with 304 if the phone has this version.
func (s *server) fetch(w http.ResponseWriter, r *http.Request) error {
	v, err := s.admit(w, r)
	if err != nil {
		return err
	}
	if unchanged(r.Header, v) {
		describe(w.Header(), v)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	typeID, serial := r.PathValue("type"), r.PathValue("serial")
	p, err := s.cache.get(r.Context(), v, typeID, serial)
	if errors.Is(err, jobs.ErrNotFound) {
		return errUnauthorized
	}
	if err != nil {
		return fmt.Errorf("pass %s/%s: %w", typeID, serial, err)
	}
	h := w.Header()
	describe(h, p.Version)
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(p.Data)))
	h.Set("X-Content-Type-Options", "nosniff")
	patience := min(sendTime+time.Duration(len(p.Data)/sendSpeed)*time.Second, sendLimit)
	// A writer that knows no deadline is a test's.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience))
	if _, err := w.Write(p.Data); err != nil {
		return nil // that the phone went away is no error of ours
	}
	if s.Events != nil && r.Method == http.MethodGet {
		s.Events.PassFetched(r.Context(), p.Version.Job)
	}
	return nil
}

// describe says which version it is. Nobody in between may answer in our place.
func describe(h http.Header, v jobs.PassVersion) {
	h.Set("Last-Modified", v.Modified.UTC().Format(http.TimeFormat))
	h.Set("ETag", entityTag(v))
	h.Set("Cache-Control", "private, no-cache")
}

// entityTag returns the ETag of a version. It is a weak one: pressed twice, a version
// has two signatures.
func entityTag(v jobs.PassVersion) string {
	return `W/"` + jobs.Tag{Epoch: v.Epoch, Number: v.Change}.String() + `"`
}

// unchanged reports whether a phone has this version: by ETag if it sends one (RFC
// 9110, 13.2.2), else by date. A date that is later is that of a version which was
// lost when a backup was restored: the phone has to come back from it.
func unchanged(h http.Header, v jobs.PassVersion) bool {
	if tags := h.Values("If-None-Match"); len(tags) > 0 {
		return matches(strings.Join(tags, ","), entityTag(v))
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return err == nil && v.Modified.Equal(since)
}

// matches looks for an ETag in a list, in the weak comparison. Ours has no comma.
func matches(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}
