package certapi

import (
	"context"
	"errors"
	"net/http"
	"syscall"

	"passmill/sign"
	"passmill/sign/keyring"
	"passmill/sign/secret"
)

// maxPassword is the longest password that is tried, in bytes.
const maxPassword = 1024

// fileName is what messages call the file that a request holds.
const fileName = "the file"

// take lets the registry take in the certificate of a request, once check has seen
// what would come of it. The file is opened once, and no other of the same API key
// meanwhile.
func (s *server) take(ctx context.Context, c *call, w writing, check func(keyring.Imported) error) (keyring.Imported, error) {
	done, err := s.turns.take(ctx, c.key.ID)
	if err != nil {
		return keyring.Imported{}, err
	}
	defer done()
	contents, err := open(ctx, c.ring, w)
	if err != nil {
		return keyring.Imported{}, err
	}
	c.ring.Read = func(sign.File, secret.Text) (*sign.Contents, error) { return contents, nil }
	i := keyring.Import{
		Kind: sign.KindPass, Certificate: sign.File{Name: fileName, Data: w.file}, Tenant: c.key.Tenant,
		Name: w.name.value, Comment: w.comment.value, DryRun: true,
	}
	plan, err := c.ring.Import(ctx, i)
	if err != nil {
		return plan, importProblem(s.blame(contents, err))
	}
	// The key may have been made for a tenant, whose certificate this is then.
	if plan.Entry.Tenant != c.key.Tenant {
		return plan, importProblem(keyring.ErrOtherTenant)
	}
	if err := check(plan); err != nil {
		return plan, err
	}
	i.DryRun = false
	taken, err := c.ring.Import(ctx, i)
	if err != nil {
		return taken, importProblem(err)
	}
	return taken, nil
}

// open opens the .p12 file of a request.
func open(ctx context.Context, ring *keyring.Ring, w writing) (*sign.Contents, error) {
	fault := func(field, format string, args ...any) error {
		return faulty(http.StatusUnprocessableEntity, inBody(field, format, args...))
	}
	read := ring.Read
	if read == nil {
		read = sign.Read
	}
	file := sign.File{Name: fileName, Data: w.file}
	isP12 := sign.IsP12(w.file)
	if !isP12 {
		read = sign.Read // to say what it is; only .p12 files cost anything to open
	}
	contents, err := read(file, w.password)
	_, own := errors.AsType[syscall.Errno](err)
	switch {
	case own, ctx.Err() != nil:
		return nil, errors.Join(err, ctx.Err())
	case errors.Is(err, sign.ErrPassword) && isP12:
		return nil, importProblem(err)
	case err != nil:
		return nil, fault("certificate", "%s", err)
	case !isP12:
		return nil, fault("certificate", "is no .p12 file: export the certificate together with its key as .p12")
	}
	return contents, nil
}

// blame returns what is wrong with the contents of a file, as a problem, if it is
// they that made an import fail.
func (s *server) blame(contents *sign.Contents, err error) error {
	_, unfit := contents.Leaf()
	if unfit == nil {
		var id *sign.Identity
		if id, unfit = sign.Join(contents, sign.File{}); unfit == nil {
			unfit = id.Check(s.Now(), s.Now())
		}
	}
	if own := importProblem(err); own != err || unfit == nil {
		return own
	}
	return faulty(http.StatusUnprocessableEntity, inBody("certificate", "%s", err))
}

// renews refuses a certificate that is not the renewal of an entry.
func renews(i keyring.Imported, e sign.Entry) error {
	if i.Entry.ID == e.ID {
		return nil
	}
	return faulty(http.StatusUnprocessableEntity, inBody("certificate", "is for %s of team %s, and this one is %s of team %s: add it as a certificate of its own",
		i.Entry.BaseName, i.Entry.TeamID, e.BaseName, e.TeamID))
}
