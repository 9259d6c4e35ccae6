package certapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"passmill/sign"
)

// remove answers DELETE.
func (s *server) remove(ctx context.Context, c *call) (reply, error) {
	values, faults, err := c.query("force")
	if err != nil {
		return reply{}, err
	}
	force := takeFlag(values, "force", &faults)
	if len(faults) > 0 {
		return reply{}, faulty(http.StatusBadRequest, faults...)
	}
	l, err := c.find(ctx)
	if err != nil {
		return reply{}, err
	}
	err = c.ring.Remove(ctx, l.Entry, force.value)
	if errors.Is(err, sign.ErrInUse) {
		p := problem(http.StatusConflict, "it is in use by jobs %s, whose passes could not be made again; force=true removes it all the same", strings.Join(l.Jobs(), ", "))
		p.UsedBy = &Users{Jobs: l.Jobs(), Templates: l.Templates()}
		return reply{}, p
	}
	return reply{status: http.StatusNoContent}, err
}
