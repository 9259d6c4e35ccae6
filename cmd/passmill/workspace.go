package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"passmill/jobs"
	"passmill/jobs/ledger"
)

const (
	settingsFile = "passmill.yaml"
	ledgerFile   = "passmill.db"
)

// A workspace is the folder that owns a ledger.
type workspace struct {
	dir      string // absolute
	database string // path of an SQLite file, or a postgres:// URL
}

// Settings are what passmill.yaml may say.
type settings struct {
	Database       string          `yaml:"database"`       // as --database; a path is relative to the file
	SourceDatabase string          `yaml:"sourceDatabase"` // of jobs over the classic tables that name none; as above
	Mail           mailSettings    `yaml:"mail"`           // who sends mails, and to whom
	Mailing        mailingSettings `yaml:"mailing"`        // how the mails of jobs are sent
	Pushes         pushSettings    `yaml:"pushes"`         // how phones are told that passes have changed
	Webhook        webhookSettings `yaml:"webhook"`        // where the operator is told of runs, besides by mail
	PublicURL      string          `yaml:"publicURL"`      // where phones and browsers reach passmill serve
}

// findWorkspace finds the workspace of a job file or folder: the nearest folder
// upward that holds passmill.yaml or passmill.db, else the folder itself. A
// database that was named on the command line or in the environment wins.
func findWorkspace(start, database string) (workspace, error) {
	dir, err := filepath.Abs(start)
	if err != nil {
		return workspace{}, err
	}
	w := workspace{dir: dir}
	for up := dir; ; up = filepath.Dir(up) {
		if exists(filepath.Join(up, settingsFile)) || exists(filepath.Join(up, ledgerFile)) {
			w.dir = up
			break
		}
		if up == filepath.Dir(up) {
			break
		}
	}
	w.database = filepath.Join(w.dir, ledgerFile)
	set, err := w.settings()
	if err != nil {
		return w, err
	}
	if set.Database != "" {
		w.database = set.Database
		if !isURL(set.Database) && !filepath.IsAbs(set.Database) {
			w.database = filepath.Join(w.dir, set.Database)
		}
	}
	if database != "" {
		w.database = database
	}
	if isURL(w.database) && !strings.HasPrefix(w.database, "postgres://") && !strings.HasPrefix(w.database, "postgresql://") {
		return w, errors.New("the ledger is an SQLite file or a postgres:// URL; other databases are not known")
	}
	return w, nil
}

func (w workspace) settings() (s settings, err error) {
	text, err := os.ReadFile(filepath.Join(w.dir, settingsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if strings.TrimSpace(string(text)) == "" {
		return s, nil // an empty file marks a workspace
	}
	return s, jobs.DecodeYAML(text, settingsFile, &s)
}

// open opens the ledger; a new SQLite file is made.
func (w workspace) open(ctx context.Context) (*ledger.DB, error) {
	return ledger.Open(ctx, w.database, ledger.Options{})
}

// existing opens the ledger for commands that have nothing to do without one.
func (w workspace) existing(ctx context.Context) (*ledger.DB, error) {
	if !w.hasLedger() {
		return nil, w.missingLedger()
	}
	return w.open(ctx)
}

// hasLedger reports whether there is a ledger to look into.
func (w workspace) hasLedger() bool { return isURL(w.database) || exists(w.database) }

// sink returns what the ledger calls an output directory.
func (w workspace) sink(dir string) (string, error) {
	place, err := w.place(dir)
	return "dir:" + place, err
}

// place returns how the ledger writes down a folder: by its path from the ledger's
// own, so that a workspace can be moved as a whole, or by its whole path where the
// ledger is no file.
func (w workspace) place(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if !isURL(w.database) {
		ledger, err := filepath.Abs(w.database)
		if err != nil {
			return "", err
		}
		if rel, err := filepath.Rel(filepath.Dir(ledger), dir); err == nil {
			dir = rel
		}
	}
	return filepath.ToSlash(dir), nil
}

// folder returns the folder that the ledger has written down.
func (w workspace) folder(place string) string {
	dir := filepath.FromSlash(place)
	if isURL(w.database) || filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(filepath.Dir(w.database), dir)
}

func isURL(database string) bool { return strings.Contains(database, "://") }

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// noFile says of a named file that is not there just that.
func noFile(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %q", name)
	}
	return err
}

// missingLedger is the error of commands that only look.
func (w workspace) missingLedger() error {
	return fmt.Errorf("there is no ledger at %s yet; passmill make makes it", w.database)
}
