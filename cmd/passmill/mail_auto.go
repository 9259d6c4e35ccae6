package main

import (
	"context"
	"errors"
	"fmt"
)

// mailNew mails the passes that a run has made anew, as far as the job allows it
// without a person's word.
func (w *work) mailNew(ctx context.Context, space workspace, name string, std streams) (err error) {
	most := w.job.Mail.AtMost
	if most == 0 {
		return nil
	}
	db, err := space.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	o, err := space.outgoing(ctx, db)
	if err != nil {
		return err
	}
	unlock, err := db.LockJob(ctx, w.job.Name)
	if err != nil {
		return err
	}
	p, err := planMailing(ctx, o, w.definition, "")
	small := err == nil && p.Mails() > 0 && p.Mails() <= most
	if small {
		err = p.prepare(ctx, p.Mails())
	}
	if err = errors.Join(err, unlock()); err != nil {
		return err
	}
	if p.Mails() > most {
		return fmt.Errorf("nobody was mailed: there are %s to send, and mail: atMost: allows %s by themselves; look at them, then run passmill mail %s --confirm %d",
			count(p.Mails(), "mail"), thousands(most), name, p.Mails())
	}
	if !small {
		return nil
	}
	return (&mailSendCommand{Job: name}).send(ctx, streams{out: std.err, err: std.err}, o, p.mailing)
}
