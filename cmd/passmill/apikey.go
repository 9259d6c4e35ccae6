package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"passmill/sign"
)

// API keys are beside the key-encryption key in one command group, and have
// nothing to do with it: they let programs use the REST API of passmill serve.

type keyAddCommand struct {
	Name   string       `arg:"" help:"What to call it; the user name of HTTP basic authentication."`
	Scope  []sign.Scope `default:"certificates:read" enum:"certificates:read,certificates:write" placeholder:"SCOPE" help:"What it may do: certificates:read, certificates:write, or both with a comma between (default: certificates:read)."`
	Tenant string       `placeholder:"NAME" help:"It sees the certificates of this tenant, and no others (default: those of the account)."`
}

// Help is the end of the command's -h.
func (keyAddCommand) Help() string {
	return "The key goes to standard output, once: the ledger keeps only its hash. Exit status: 0 done, 1 not done, 2 wrong command line."
}

// keyName is what API keys may be called: what needs no escape anywhere.
var keyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Run makes an API key and prints it.
func (c *keyAddCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	if !keyName.MatchString(c.Name) {
		return status{exitUsage, errors.New("the name of an API key has up to 64 letters, digits, full stops, - and _, and begins with a letter or digit")}
	}
	space, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	r, err := openRegistry(ctx, space)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	shown := sign.NewAPISecret()
	k := sign.APIKey{
		ID: uuid.NewString(), Name: c.Name, Hash: sign.HashAPIKey(shown), Scopes: c.Scope, Tenant: c.Tenant,
		Created: time.Now(), CreatedBy: r.Actor,
	}
	event := r.Event(sign.ActionKeyAdd)
	event.Detail = fmt.Sprintf("API key %s of %s, for %s", k.Name, owner(k.Tenant), scopes(k))
	err = r.db.AddAPIKey(ctx, k, event)
	if errors.Is(err, sign.ErrTaken) {
		return fmt.Errorf("there is an API key %s already: choose another name, or remove that one with passmill key remove %s", c.Name, c.Name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(std.err, "API key %s of %s, for %s; keep it now, it can't be shown again:\n", k.Name, owner(k.Tenant), scopes(k))
	fmt.Fprintln(std.out, shown.Reveal())
	return nil
}

func scopes(k sign.APIKey) string {
	var list []string
	for _, s := range k.Scopes {
		list = append(list, string(s))
	}
	return strings.Join(list, ", ")
}

func owner(tenant string) string {
	if tenant == "" {
		return "the account"
	}
	return fmt.Sprintf("tenant %q", tenant)
}

type keyListCommand struct{}

// Run lists API keys; the keys themselves are nowhere.
func (keyListCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	r, err := existingRegistry(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	keys, err := r.db.APIKeys(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		fmt.Fprintln(std.out, "no API keys yet; passmill key add makes one")
		return nil
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "name\tof\tscopes\tmade\tby\tlast used")
	for _, k := range keys {
		used := "never"
		if !k.Used.IsZero() {
			used = k.Used.Format("2006-01-02 15:04 MST")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.Name, owner(k.Tenant), scopes(k), k.Created.Format(time.DateOnly), k.CreatedBy, used)
	}
	return table.Flush()
}

type keyRemoveCommand struct {
	Name string `arg:"" help:"Its name."`
}

// Run removes an API key. It works no more from that moment.
func (c *keyRemoveCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	r, err := existingRegistry(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	event := r.Event(sign.ActionKeyRemove)
	event.Detail = "API key " + c.Name
	err = r.db.RemoveAPIKey(ctx, c.Name, event)
	if errors.Is(err, sign.ErrNoEntry) {
		return fmt.Errorf("there is no API key %q; passmill key list shows those there are", c.Name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "API key %s works no more\n", c.Name)
	return nil
}
