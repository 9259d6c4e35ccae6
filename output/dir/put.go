package dir

import (
	"context"
	"errors"
	"fmt"
	"os"

	"passmill/jobs"
	"passmill/jobs/fault"
)

// FaultPoints names the places of this package that tests can make fail.
var FaultPoints = []string{"dir.write", "dir.written", "dir.synced", "dir.rename", "dir.renamed", "dir.put"}

// Put implements [jobs.Sink]. The passes are written first, brought to the disk
// together, then renamed, and the renames are brought to the disk together.
func (s *Sink) Put(ctx context.Context, passes []jobs.Pass) (err error) {
	if len(passes) == 0 {
		return nil
	}
	temps := make([]string, 0, len(passes))
	defer func() {
		if err != nil {
			for _, t := range temps {
				s.root.Remove(t) // does nothing to those that have been renamed
			}
		}
	}()
	for _, p := range passes {
		if err := errors.Join(ctx.Err(), local(p.Name)); err != nil {
			return err
		}
		temps = append(temps, s.temp())
		if err := s.write(temps[len(temps)-1], p); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	if err := s.settle("dir.written", nil); err != nil {
		return err
	}
	if err := fault.Point("dir.synced"); err != nil {
		return err
	}
	for i, p := range passes {
		if err := s.rename(temps[i], p.Name); err != nil {
			return err
		}
	}
	if err := s.settle("dir.renamed", passes); err != nil {
		return err
	}
	return fault.Point("dir.put")
}

func (s *Sink) settle(point string, renamed []jobs.Pass) error {
	if err := fault.Point(point); err != nil {
		return err
	}
	if err := s.disk.settle(s.root, renamed); err != nil {
		return fmt.Errorf("bring passes to the disk: %w", err)
	}
	return nil
}

func (s *Sink) write(temp string, p jobs.Pass) error {
	if err := fault.Point("dir.write"); err != nil {
		return err
	}
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(p.Data)
	if err == nil {
		err = s.disk.written(f)
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
