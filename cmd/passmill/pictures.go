package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"passmill/jobs"
	"passmill/jobs/ledger"
	"passmill/jobs/picture"
)

// imageMemory is how many bytes of prepared images are kept in memory while
// passes are pressed.
const imageMemory = 64 << 20

// openAlbum opens what takes the images of rows in, if the template asks for any.
func (w *work) openAlbum() error {
	if len(w.filler.images) == 0 {
		return nil
	}
	dir := w.dir
	switch {
	case w.job.Images.Dir != "":
		dir = w.path(w.job.Images.Dir)
	case w.job.Source.File != "":
		dir = filepath.Dir(w.path(w.job.Source.File))
	}
	folder, err := picture.OpenFolder(dir)
	if err != nil {
		return fmt.Errorf("images: dir: %w", err)
	}
	w.album = &picture.Album{Folder: folder, Fetcher: picture.NewFetcher(w.job.Images.Hosts, picture.Net{})}
	return nil
}

func (w *work) closeAlbum() error {
	if w.album == nil {
		return nil
	}
	w.album.Fetcher.Close()
	return w.album.Folder.Close()
}

// images returns what takes images in, nil if there are none.
func (w *work) images() jobs.Images {
	if w.album == nil {
		return nil // not a *picture.Album that is nil
	}
	return w.album
}

// keepImages lets images be kept in the ledger and come from there.
func (w *work) keepImages(db *ledger.DB, press *jobs.Presser) {
	if w.album != nil {
		w.album.Store = db
		press.Image = picture.NewCache(imageMemory, db.Image).Image
	}
}

// readOnlyImages is a ledger that is looked into for images and not written to.
type readOnlyImages struct{ picture.Store }

func (readOnlyImages) SaveImages(context.Context, []jobs.Image) error { return nil }

// checkKeys makes sure that no image is a key.
func (w *work) checkKeys() error {
	var errs []error
	for _, f := range w.filler.images {
		for key, name := range map[string]string{"serial": w.job.Serial, "output: bundle": w.job.Output.Bundle} {
			if jobs.FoldName(f.Name) == jobs.FoldName(name) {
				errs = append(errs, fmt.Errorf("%s: %s is an image; name another field", key, f.Name))
			}
		}
	}
	return errors.Join(errs...)
}
