package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"passmill/sign"
	"passmill/sign/keyring"
)

type keyCommand struct {
	Init   keyInitCommand   `cmd:"" help:"Make the key-encryption key of this workspace."`
	Rotate keyRotateCommand `cmd:"" help:"Make a new one and seal every private key again, while runs go on."`

	Add    keyAddCommand    `cmd:"" help:"Make an API key for programs that use passmill serve, and show it once."`
	List   keyListCommand   `cmd:"" help:"List API keys."`
	Remove keyRemoveCommand `cmd:"" help:"Remove an API key: it works no more."`
}

type keyInitCommand struct {
	File string `placeholder:"FILE" help:"Where to write it (default: passmill.key of the workspace)."`
	Lost bool   `help:"The key that sealed the private keys in the ledger is lost, and they with it: begin anew."`
}

// Help is the end of the command's -h.
func (keyInitCommand) Help() string {
	return "The key seals the private keys in the ledger. Keep a copy of it apart from the ledger's backups: without it the private keys are lost, and with both they are stolen. Exit status: 0 done, 1 not done."
}

// Run writes a new key, unless there is one, or the ledger is sealed with one.
func (c *keyInitCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	space, err := findWorkspace(".", all.Database)
	if err != nil {
		return err
	}
	if os.Getenv(keyVariable) != "" && c.File == "" {
		return fmt.Errorf("the key is in %s; to make another one all the same, unset it or say --file FILE", keyVariable)
	}
	file := cmp.Or(c.File, space.keyFile())
	if exists(file) {
		return fmt.Errorf("there is a key at %s already, and it was not touched; passmill key rotate replaces it without losing what it sealed", file)
	}
	old, err := sealingKey(ctx, space)
	if err != nil {
		return err
	}
	if old != (sign.SealingKey{}) && !c.Lost {
		return fmt.Errorf("the private keys in %s are sealed with key %s, version %d, which is not at %s: bring it back from where you keep its copy\n"+
			"if it is lost, so are the private keys: run passmill key init --lost, then renew each certificate with passmill cert request and passmill cert import; passes on phones stay good",
			space.name(), old.ID, old.Version, file)
	}
	k, err := keyring.NewKeyset(old.Version + 1)
	if err != nil {
		return err
	}
	if err := keyring.CreateFile(file, k); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "made key %s in %s, readable by its owner alone\n"+
		"keep a copy of it where the ledger's backups are not: who has both has the private keys, and who has lost it has lost them\n", k.Sealing().ID, file)
	if old == (sign.SealingKey{}) {
		return nil
	}
	return takeOver(ctx, space, k)
}

// sealingKey returns the key that seals in the ledger, if there is one.
func sealingKey(ctx context.Context, space workspace) (k sign.SealingKey, err error) {
	if !space.hasLedger() {
		return k, nil
	}
	r, err := openRegistry(ctx, space)
	if err != nil {
		return k, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return r.Store.SealingKey(ctx)
}

// takeOver lets a new key seal in the place of one that is lost.
func takeOver(ctx context.Context, space workspace, k *keyring.Keyset) (err error) {
	r, err := openRegistry(ctx, space)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	event := r.Event(sign.ActionReseal)
	event.Detail = fmt.Sprintf("key-encryption key %s, version %d, after the one before it was lost", k.Sealing().ID, k.Sealing().Version)
	return r.Store.SetSealingKey(ctx, k.Sealing(), event)
}

type keyRotateCommand struct {
	Out       string `placeholder:"FILE" help:"Write the new key here, if the old one is in PASSMILL_KEY."`
	ForgetOld bool   `help:"Drop the old keys afterwards: older backups of the ledger can't be opened then."`
}

// Help is the end of the command's -h.
func (keyRotateCommand) Help() string {
	return "Runs that sign meanwhile go on. Interrupted, the same command goes on where it was. Where several machines have the key, or it is in PASSMILL_KEY, use --out, give everybody the new key, then run the command again. Exit status: 0 done, 1 not done."
}

// rotationLock is the name of the lock that rotations of one ledger share.
const rotationLock = " key rotation"

// Run rotates the key-encryption key.
func (c *keyRotateCommand) Run(ctx context.Context, std streams, all *commands) (err error) {
	r, err := existingRegistry(ctx, all.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	unlock, err := r.db.LockJob(ctx, rotationLock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	done, err := r.Rotate(ctx, c.replace(r.space))
	if w, ok := errors.AsType[writtenElsewhere](err); ok {
		fmt.Fprintf(std.out, "wrote the new key, which still opens what the old one sealed, to %s\nput it in the place of the old one everywhere, then run passmill key rotate again\n", w.file)
		return nil
	}
	if err != nil {
		return err
	}
	resumed := ""
	if done.Resumed {
		resumed = " (going on with a rotation that had begun)"
	}
	fmt.Fprintf(std.out, "key %s, version %d, seals now; %s sealed again%s\n", done.Sealing.ID, done.Sealing.Version, count(done.Resealed, "private key"), resumed)
	if done.Lost > 0 {
		fmt.Fprintf(std.out, "%s of lost key-encryption keys stay as they are: renew their certificates, or remove them\n", count(done.Lost, "private key"))
	}
	if !c.ForgetOld {
		fmt.Fprintln(std.out, "older keys stay in the file, so that older backups of the ledger can be opened; keep a copy of the new file")
		return nil
	}
	if err := r.Forget(ctx, c.replace(r.space)); err != nil {
		return err
	}
	fmt.Fprintln(std.out, "older keys are gone from it; keep a copy of the new file")
	return nil
}

// A writtenElsewhere says that a new key is not yet where it will be read.
type writtenElsewhere struct{ file string }

func (w writtenElsewhere) Error() string { return "the new key is in " + w.file }

// replace returns what puts a new key where the old one lies.
func (c *keyRotateCommand) replace(space workspace) func(*keyring.Keyset) error {
	return func(k *keyring.Keyset) error {
		switch {
		case c.Out != "":
			if err := keyring.CreateFile(c.Out, k); err != nil {
				return err
			}
			return writtenElsewhere{c.Out}
		case os.Getenv(keyVariable) != "":
			return fmt.Errorf("the key is in %s, which this program can't change; say --out FILE, and put what it writes there", keyVariable)
		}
		return keyring.ReplaceFile(space.keyFile(), k)
	}
}
