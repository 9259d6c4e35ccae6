package certapi

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"passmill/sign"
	"passmill/sign/keyring"
)

// Pages of a list.
const (
	usualPageSize = 25
	maxPageSize   = 100
	maxPage       = 1_000_000
)

// A Page is a part of a list.
type Page struct {
	Certificates []Certificate `json:"certificates" nullable:"false"`
	Count        int           `json:"count" doc:"How many there are on all pages."`
	NextPage     *int          `json:"nextPage" nullable:"true" doc:"The number of the next page; null on the last."`
	Pagination   Pagination    `json:"pagination"`
}

// A Pagination says which part it is.
type Pagination struct {
	Order     string `json:"order" doc:"The member that the list is ordered by."`
	Page      int    `json:"page" doc:"From 1."`
	Start     int    `json:"start" doc:"How many are on the pages before it."`
	Direction string `json:"direction" enum:"ASC,DESC"`
	PageSize  int    `json:"pageSize"`
}

// orders are what a list can be ordered by.
var orders = map[string]func(a, b keyring.Listed) int{
	"id":          func(a, b keyring.Listed) int { return 0 }, // which decides where the others are equal
	"name":        func(a, b keyring.Listed) int { return strings.Compare(a.Title(), b.Title()) },
	"baseName":    func(a, b keyring.Listed) int { return strings.Compare(a.BaseName, b.BaseName) },
	"createdAt":   func(a, b keyring.Listed) int { return a.Created.Compare(b.Created) },
	"updatedAt":   func(a, b keyring.Listed) int { return a.Updated.Compare(b.Updated) },
	"validityEnd": func(a, b keyring.Listed) int { return a.Active().NotAfter.Compare(b.Active().NotAfter) },
}

func orderNames() []string { return slices.Sorted(maps.Keys(orders)) }

// A listing is what a list was asked for.
type listing struct {
	Pagination
	vendor  string
	enabled optional[bool]
}

// readListing reads the parameters of a list; faults are what is wrong already.
func readListing(values url.Values, faults []Fault) (l listing, err error) {
	choice := func(field, usual string, known ...string) string {
		text := values.Get(field)
		if !values.Has(field) {
			return usual
		}
		if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, text) }); i >= 0 {
			return known[i]
		}
		faults = append(faults, inQuery(field, "must be one of "+strings.Join(known, ", ")))
		return usual
	}
	number := func(field string, usual, most int) int {
		n, err := strconv.Atoi(values.Get(field))
		switch {
		case !values.Has(field):
			return usual
		case err != nil || n < 1 || n > most:
			faults = append(faults, inQuery(field, "must be a number from 1 to "+strconv.Itoa(most)))
			return usual
		}
		return n
	}
	l.vendor = choice("vendor", "", sign.VendorApple)
	l.enabled = takeFlag(values, "enabled", &faults)
	l.Order = choice("order", "name", orderNames()...)
	l.Direction = choice("direction", "ASC", "ASC", "DESC")
	l.Page = number("page", 1, maxPage)
	l.PageSize = number("pageSize", usualPageSize, maxPageSize)
	l.Start = (l.Page - 1) * l.PageSize
	if len(faults) > 0 {
		err = faulty(http.StatusBadRequest, faults...)
	}
	return l, err
}

// list answers GET on all.
func (s *server) list(ctx context.Context, c *call) (reply, error) {
	values, faults, err := c.query("vendor", "enabled", "order", "page", "pageSize", "direction")
	if err != nil {
		return reply{}, err
	}
	l, err := readListing(values, faults)
	if err != nil {
		return reply{}, err
	}
	entries, err := c.ring.List(ctx, func(e sign.Entry) bool {
		return c.owns(e) && (l.vendor == "" || e.Vendor == l.vendor) && (!l.enabled.given || e.Enabled == l.enabled.value)
	})
	if err != nil {
		return reply{}, err
	}
	return answer(http.StatusOK, l.page(entries, s)), nil
}

func (l listing) page(entries []keyring.Listed, s *server) Page {
	slices.SortFunc(entries, func(a, b keyring.Listed) int {
		n := cmp.Or(orders[l.Order](a, b), strings.Compare(a.ID, b.ID))
		if l.Direction == "DESC" {
			return -n
		}
		return n
	})
	p := Page{Certificates: []Certificate{}, Count: len(entries), Pagination: l.Pagination}
	end := min(l.Start+l.PageSize, len(entries))
	for _, e := range entries[min(l.Start, len(entries)):end] {
		p.Certificates = append(p.Certificates, object(e, s.Now()))
	}
	if end < len(entries) {
		next := l.Page + 1
		p.NextPage = &next
	}
	return p
}

// show answers GET on one.
func (s *server) show(ctx context.Context, c *call) (reply, error) {
	if err := c.noQuery(); err != nil {
		return reply{}, err
	}
	l, err := c.find(ctx)
	if err != nil {
		return reply{}, err
	}
	return answer(http.StatusOK, object(l, s.Now())), nil
}
