package dir

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"passmill/jobs"
	"passmill/jobs/fault"
)

// FaultPoints names the places of this package that tests can make fail.
var FaultPoints = []string{"dir.write", "dir.written", "dir.synced", "dir.rename", "dir.renamed", "dir.put"}

// A written pass lies on the disk under its temporary name.
type written struct{ temp, name string }

// Put implements [jobs.Sink]. The passes are written first, brought to the disk
// together, then renamed, and the renames are brought to the disk together.
func (s *Sink) Put(ctx context.Context, passes iter.Seq[jobs.Pass]) (err error) {
	var batch []written
	defer func() {
		if err != nil {
			for _, w := range batch {
				s.root.Remove(w.temp) // does nothing to those that have been renamed
			}
		}
	}()
	for p := range passes {
		if err := errors.Join(ctx.Err(), local(p.Name)); err != nil {
			return err
		}
		batch = append(batch, written{s.temp(), p.Name})
		if err := s.write(batch[len(batch)-1].temp, p.Data); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	if len(batch) == 0 {
		return nil
	}
	if err := s.settle("dir.written", nil); err != nil {
		return err
	}
	if err := fault.Point("dir.synced"); err != nil {
		return err
	}
	for _, w := range batch {
		if err := s.rename(w.temp, w.name); err != nil {
			return err
		}
	}
	if err := s.settle("dir.renamed", batch); err != nil {
		return err
	}
	return fault.Point("dir.put")
}

func (s *Sink) settle(point string, renamed []written) error {
	if err := fault.Point(point); err != nil {
		return err
	}
	if err := s.disk.settle(s.root, renamed); err != nil {
		return fmt.Errorf("bring passes to the disk: %w", err)
	}
	return nil
}

func (s *Sink) write(temp string, data []byte) error {
	if err := fault.Point("dir.write"); err != nil {
		return err
	}
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = s.disk.wrote(f)
	}
	return errors.Join(err, f.Close())
}

func (s *Sink) rename(temp, name string) error {
	if err := fault.Point("dir.rename"); err != nil {
		return err
	}
	if err := s.folder(name); err != nil {
		return err
	}
	return s.root.Rename(temp, name)
}
