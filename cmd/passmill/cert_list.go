package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"passmill/sign"
	"passmill/sign/keyring"
)

// soon is when a certificate is shown in red.
const soon = 30 // days

type certListCommand struct {
	Tenant string `placeholder:"NAME" help:"Only those of this tenant."`
	JSON   bool   `help:"Print one JSON object."`
}

// A certificateJSON is a certificate for programs; its names are an interface, and
// those of the REST API where that has them.
type certificateJSON struct {
	ID             string    `json:"id"`
	Kind           sign.Kind `json:"kind"`
	Vendor         string    `json:"vendor"`
	Name           string    `json:"name,omitempty"`
	BaseName       string    `json:"baseName"`
	Comment        string    `json:"comment,omitempty"`
	TeamIdentifier string    `json:"teamIdentifier"`
	Tenant         string    `json:"tenant,omitempty"`
	Contact        string    `json:"contact,omitempty"`
	NFCSupport     bool      `json:"nfcSupport"`
	Enabled        bool      `json:"enabled"`
	Default        bool      `json:"default"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
	ValidityStart  time.Time `json:"validityStart"`
	ValidityEnd    time.Time `json:"validityEnd"`
	Expired        bool      `json:"expired"`
	DaysLeft       int       `json:"daysLeft"`
	Certificate    string    `json:"certificate"` // its SHA-256 sum
	Jobs           []string  `json:"jobs"`
	Templates      []string  `json:"templates"`
}

func newCertificateJSON(l keyring.Listed, now time.Time) certificateJSON {
	c := l.Active()
	return certificateJSON{
		ID: l.ID, Kind: l.Kind, Vendor: l.Vendor, Name: l.Name, BaseName: l.BaseName, Comment: l.Comment, TeamIdentifier: l.TeamID,
		Tenant: l.Tenant, Contact: l.Contact, NFCSupport: l.NFC, Enabled: l.Enabled, Default: l.Default, CreatedAt: l.Created,
		UpdatedAt: l.Updated, ValidityStart: c.NotBefore, ValidityEnd: c.NotAfter, Expired: now.After(c.NotAfter),
		DaysLeft: l.DaysLeft(now), Certificate: c.ID, Jobs: notNilList(l.Jobs()), Templates: notNilList(l.Templates()),
	}
}

func notNilList(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// A waitingJSON is a key that waits for its certificate.
type waitingJSON struct {
	Key       string    `json:"key"`
	Kind      sign.Kind `json:"kind"`
	BaseName  string    `json:"baseName"`
	Name      string    `json:"name,omitempty"`
	Tenant    string    `json:"tenant,omitempty"`
	Contact   string    `json:"contact"`
	Algorithm string    `json:"algorithm"`
	CreatedAt time.Time `json:"createdAt"`
}

// Run lists certificates and waiting keys.
func (c *certListCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	r, err := existingRegistry(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	admits := func(tenant string) bool { return c.Tenant == "" || c.Tenant == tenant }
	list, err := r.List(ctx, func(e sign.Entry) bool { return admits(e.Tenant) })
	if err != nil {
		return err
	}
	waiting, err := r.Store.WaitingKeys(ctx)
	if err != nil {
		return err
	}
	waiting = slices.DeleteFunc(waiting, func(k sign.Key) bool { return !admits(k.Tenant) })
	now := time.Now()
	if c.JSON {
		return printListJSON(std.out, list, waiting, now)
	}
	switch {
	case len(list) > 0 || len(waiting) == 0 && c.Tenant == "":
		printList(std.out, list, now, isTerminal(std.out))
	case c.Tenant != "":
		fmt.Fprintf(std.out, "tenant %q has no certificates; its jobs are signed with the account's\n", c.Tenant)
	default:
		fmt.Fprintln(std.out, "no certificates yet; passmill cert import FILE.cer takes in what Apple's portal made of a request")
	}
	for _, k := range waiting {
		lost, err := r.Lost(ctx, k)
		if err != nil {
			return err
		}
		if lost {
			fmt.Fprintf(std.out, "key %s for %s%s is lost, with the key-encryption key that sealed it; passmill cert remove %[1]s forgets it\n", k.ID[:12], keyring.Purpose(k), ofTenant(k.Tenant))
			continue
		}
		fmt.Fprintf(std.out, "key %s (%s) waits since %s for the certificate for %s%s\n", k.ID[:12], k.Algorithm, day(k.Created), keyring.Purpose(k), ofTenant(k.Tenant))
	}
	return nil
}

func printListJSON(w io.Writer, list []keyring.Listed, waiting []sign.Key, now time.Time) error {
	out := struct {
		Certificates []certificateJSON `json:"certificates"`
		Waiting      []waitingJSON     `json:"waiting"`
	}{[]certificateJSON{}, []waitingJSON{}}
	for _, l := range list {
		out.Certificates = append(out.Certificates, newCertificateJSON(l, now))
	}
	for _, k := range waiting {
		out.Waiting = append(out.Waiting, waitingJSON{k.ID, k.Kind, k.BaseName, k.Name, k.Tenant, k.Contact, k.Algorithm, k.Created})
	}
	return json.NewEncoder(w).Encode(out)
}

// printList writes a table. With colours, the lines of those that expire soon, or
// have, are red.
func printList(w io.Writer, list []keyring.Listed, now time.Time, colours bool) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no certificates yet; passmill cert request asks for one, passmill cert import takes one in")
		return
	}
	var table strings.Builder
	tab := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	columns := listColumns(list, now)
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	fmt.Fprintln(tab, strings.Join(names, "\t"))
	for _, l := range list {
		var cells []string
		for _, c := range columns {
			cells = append(cells, cmp.Or(visible(c.of(l)), "-"))
		}
		fmt.Fprintln(tab, strings.Join(cells, "\t"))
	}
	tab.Flush()
	for i, line := range strings.Split(strings.TrimSuffix(table.String(), "\n"), "\n") {
		if i > 0 && colours && list[i-1].DaysLeft(now) <= soon {
			line = "\x1b[31m" + line + "\x1b[0m"
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// A listColumn is a column of the table.
type listColumn struct {
	name string
	of   func(keyring.Listed) string
}

// listColumns returns the columns. Those in which nothing but the usual would stand
// are left out, so that lines stay short.
func listColumns(list []keyring.Listed, now time.Time) []listColumn {
	columns := []listColumn{
		{"ID", func(l keyring.Listed) string { return l.ID[:8] }},
		{"KIND", func(l keyring.Listed) string { return string(l.Kind) }},
		{"NAME", func(l keyring.Listed) string { return l.Name }},
		{"BASE NAME", func(l keyring.Listed) string { return l.BaseName }},
		{"TEAM", func(l keyring.Listed) string { return l.TeamID }},
		{"TENANT", func(l keyring.Listed) string { return l.Tenant }},
		{"NFC", func(l keyring.Listed) string { return yesNo(l.NFC) }},
		{"VALID UNTIL", func(l keyring.Listed) string { return l.Active().NotAfter.UTC().Format("2006-01-02") }},
		{"DAYS", func(l keyring.Listed) string { return strconv.Itoa(l.DaysLeft(now)) }},
		{"STATE", func(l keyring.Listed) string { return stateOf(l, now) }},
		{"USED BY", usedBy},
	}
	common := map[string]string{"KIND": string(sign.KindPass), "TENANT": "", "NFC": yesNo(false)}
	return slices.DeleteFunc(columns, func(c listColumn) bool {
		usual, ok := common[c.name]
		return ok && !slices.ContainsFunc(list, func(l keyring.Listed) bool { return c.of(l) != usual })
	})
}

func yesNo(yes bool) string { return map[bool]string{true: "yes", false: "no"}[yes] }

// stateOf says in a word or two whether an entry signs.
func stateOf(l keyring.Listed, now time.Time) string {
	state := "enabled"
	if !l.Enabled {
		state = "disabled"
	}
	if now.After(l.Active().NotAfter) {
		state = "EXPIRED"
	}
	if l.Default {
		state += ", default"
	}
	return state
}

// usedBy names jobs and templates.
func usedBy(l keyring.Listed) string {
	var parts []string
	for _, u := range l.Uses {
		parts = append(parts, u.Job+" ("+u.Template+")")
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), ", ")
}

// isTerminal reports whether a person looks at w, who wants colours.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(file.Fd()))
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

func ofTenant(tenant string) string {
	if tenant == "" {
		return ""
	}
	return fmt.Sprintf(" of tenant %q", tenant)
}

type certShowCommand struct {
	certTarget
	JSON bool `help:"Print one JSON object."`
}

// Run says everything about one certificate.
func (c *certShowCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	r, e, err := c.find(ctx, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	list, err := r.List(ctx, func(other sign.Entry) bool { return other.ID == e.ID })
	if err != nil || len(list) == 0 {
		return err
	}
	l, now := list[0], time.Now()
	if c.JSON {
		return json.NewEncoder(std.out).Encode(newCertificateJSON(l, now))
	}
	tab := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"id", l.ID}, {"kind", string(l.Kind)}, {"name", l.Name}, {"base name", l.BaseName}, {"team", l.TeamID}, {"tenant", cmp.Or(l.Tenant, "(account)")}, {"vendor", l.Vendor},
		{"comment", l.Comment}, {"contact", l.Contact}, {"NFC", yesNo(l.NFC)}, {"state", stateOf(l, now)},
		{"used by", usedBy(l)}, {"created", day(l.Created)}, {"changed", day(l.Updated)},
	} {
		fmt.Fprintf(tab, "%s\t%s\n", line[0], cmp.Or(visible(line[1]), "-"))
	}
	for _, v := range l.Versions {
		fmt.Fprintf(tab, "%s\t%s, valid %s to %s, added %s by %s\n", v.State, v.Certificate.ID[:12], day(v.Certificate.NotBefore),
			day(v.Certificate.NotAfter), day(v.Added), v.AddedBy)
		if v.State == sign.VersionActive {
			fmt.Fprintf(tab, "subject\t%s\n", visible(v.Certificate.Subject))
		}
	}
	return tab.Flush()
}
