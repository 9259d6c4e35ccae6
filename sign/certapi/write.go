package certapi

import (
	"context"
	"net/http"
	"strings"

	"passmill/sign"
	"passmill/sign/keyring"
)

// create answers POST.
func (s *server) create(ctx context.Context, c *call) (reply, error) {
	if err := c.noQuery(); err != nil {
		return reply{}, err
	}
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	return s.again(ctx, c, body, func() (reply, error) {
		w, err := readWriting(body, "vendor", "name", "comment", "enabled", "default", "certificate", "password")
		if err != nil {
			return reply{}, err
		}
		if !w.hasFile {
			return reply{}, faulty(http.StatusUnprocessableEntity, inBody("certificate", "is missing: the base64 of a .p12 file"))
		}
		return s.add(ctx, c, w)
	})
}

// add takes a certificate in. It renews one that is there with its base name and
// team; of that, what the request says nothing of stays as it is.
func (s *server) add(ctx context.Context, c *call, w writing) (reply, error) {
	done, err := s.take(ctx, c, w, func(i keyring.Imported) error { return w.agrees(i.Entry) })
	if err != nil {
		return reply{}, err
	}
	c.SetPathValue("id", done.Entry.ID)
	l, err := s.change(ctx, c, func(e *sign.Entry) []string {
		var what []string
		if w.name.given {
			what = set(what, "name", &e.Name, w.name.value)
		}
		if w.comment.given {
			what = set(what, "comment", &e.Comment, w.comment.value)
		}
		return w.switches(e, what)
	}, false)
	if err != nil {
		return reply{}, err
	}
	status := http.StatusOK
	if done.Action == sign.ActionAdd {
		status = http.StatusCreated
	}
	return answer(status, object(l, s.Now())), nil
}

// update answers PUT.
func (s *server) update(ctx context.Context, c *call) (reply, error) {
	if err := c.noQuery(); err != nil {
		return reply{}, err
	}
	l, err := c.find(ctx)
	if err != nil {
		return reply{}, err
	}
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	w, err := readWriting(body, "name", "comment", "enabled", "default", "certificate", "password")
	if err != nil {
		return reply{}, err
	}
	if err := w.allowed(l.Entry); err != nil {
		return reply{}, err
	}
	if w.hasFile {
		if _, err := s.take(ctx, c, w, func(i keyring.Imported) error { return renews(i, l.Entry) }); err != nil {
			return reply{}, err
		}
	}
	// Absent means removed, and null means as it is: so the API that this one
	// follows has it.
	l, err = s.change(ctx, c, func(e *sign.Entry) []string {
		var what []string
		if !w.name.null {
			what = set(what, "name", &e.Name, w.name.value)
		}
		if !w.comment.null {
			what = set(what, "comment", &e.Comment, w.comment.value)
		}
		return w.switches(e, what)
	}, true)
	if err != nil {
		return reply{}, err
	}
	return answer(http.StatusOK, object(l, s.Now())), nil
}

// set gives a member of an entry its value, and says so if that is another.
func set[T comparable](what []string, name string, to *T, value T) []string {
	if *to == value {
		return what
	}
	*to = value
	return append(what, name)
}

// switches sets enabled and default where the request says so.
func (w writing) switches(e *sign.Entry, what []string) []string {
	if w.enabled.given {
		what = set(what, "enabled", &e.Enabled, w.enabled.value)
	}
	if w.standard.given && w.standard.value {
		what = set(what, "default", &e.Default, true)
	}
	return what
}

// allowed refuses what must not become of an entry.
func (w writing) allowed(e sign.Entry) error {
	if w.standard.given && !w.standard.value && e.Default {
		return faulty(http.StatusConflict, inBody("default", "can't be set to false, only moved: set it to true on another certificate"))
	}
	return w.agrees(e)
}

// agrees refuses a default that may not sign.
func (w writing) agrees(e sign.Entry) error {
	wasDefault := e.Default
	w.switches(&e, nil)
	if !wasDefault && e.Default && !e.Enabled {
		return faulty(http.StatusConflict, inBody("default", "can't be set on a certificate that is not enabled: set enabled to true as well"))
	}
	return nil
}

// change changes an entry of the caller, unless there is nothing to change; touch
// writes it all the same.
func (s *server) change(ctx context.Context, c *call, f func(*sign.Entry) []string, touch bool) (keyring.Listed, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	l, err := c.find(ctx)
	if err != nil {
		return l, err
	}
	what := f(&l.Entry)
	if len(what) == 0 && !touch {
		return l, nil
	}
	l.Entry, err = c.ring.Update(ctx, l.Entry, strings.Join(what, ", "))
	return l, err
}
