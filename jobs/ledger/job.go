package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"passmill/jobs"
)

// A Job is a definition that the ledger keeps. The ledger does not know what it
// says.
type Job struct {
	Name       string
	Definition []byte    // canonical text
	Dir        string    // the folder that its paths count from
	File       string    // base name of the file that it was taken from
	Template   jobs.Hash // version; zero if the job has none of its own
	Added      time.Time
	LastRun    *jobs.Run // nil if it never ran
}

// SaveJob keeps a job, in the place of one of its name. The version of its
// template is saved before.
func (d *DB) SaveJob(ctx context.Context, j Job) error {
	const query = `
		INSERT INTO jobs (name, definition, dir, file, template_version, added)
		VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE
		SET definition = excluded.definition, dir = excluded.dir, file = excluded.file,
			template_version = excluded.template_version, added = excluded.added`
	var version any
	if j.Template != (jobs.Hash{}) {
		version = j.Template[:]
	}
	err := d.write(ctx, stepJob, func(t *tx) error {
		_, err := t.exec(ctx, query, j.Name, string(j.Definition), j.Dir, j.File, version, millis(d.now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("save job %q: %w", j.Name, err)
	}
	return nil
}

const jobColumns = `j.name, j.definition, j.dir, j.file, j.template_version, j.added, r.id
	FROM jobs j
	LEFT JOIN runs r ON r.id = (SELECT MAX(id) FROM runs WHERE runs.job = j.name)`

// A jobRow is a row of the table jobs and the last run of the job.
type jobRow struct {
	Name       string        `db:"name"`
	Definition string        `db:"definition"`
	Dir        string        `db:"dir"`
	File       string        `db:"file"`
	Template   []byte        `db:"template_version"`
	Added      int64         `db:"added"`
	Run        sql.NullInt64 `db:"id"`
}

func (d *DB) job(ctx context.Context, r jobRow) (Job, error) {
	j := Job{Name: r.Name, Definition: []byte(r.Definition), Dir: r.Dir, File: r.File, Added: fromMillis(r.Added)}
	if r.Template != nil {
		if err := scanHash(j.Template[:], r.Template); err != nil {
			return j, err
		}
	}
	if r.Run.Valid {
		run, err := d.Run(ctx, r.Run.Int64)
		if err != nil {
			return j, err
		}
		j.LastRun = &run
	}
	return j, nil
}

// Job returns a job and its last run, or [jobs.ErrNotFound].
func (d *DB) Job(ctx context.Context, name string) (Job, error) {
	const query = `SELECT ` + jobColumns + ` WHERE j.name = ?`
	var row jobRow
	err := d.get(ctx, &row, query, name)
	if err != nil {
		return Job{}, fmt.Errorf("job %q: %w", name, err)
	}
	return d.job(ctx, row)
}

// Jobs returns all jobs by name, each with its last run.
func (d *DB) Jobs(ctx context.Context) ([]Job, error) {
	const query = `SELECT ` + jobColumns + ` ORDER BY j.name`
	var rows []jobRow
	if err := d.list(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	list := make([]Job, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = d.job(ctx, row); err != nil {
			return nil, fmt.Errorf("list jobs: %w", err)
		}
	}
	return list, nil
}

// RemoveJob removes the definition of a job, and nothing that it made; it returns
// how many passes remain. The caller holds the job's lock. A job that is not there
// is [jobs.ErrNotFound].
func (d *DB) RemoveJob(ctx context.Context, name string) (passes int, err error) {
	const (
		remove = `DELETE FROM jobs WHERE name = ?`
		count  = `SELECT COUNT(*) FROM passes WHERE job = ?`
	)
	if _, err := d.Job(ctx, name); err != nil {
		return 0, err
	}
	err = d.write(ctx, stepRemoveJob, func(t *tx) error {
		for _, query := range []string{remove, endSchedule} {
			if _, err := t.exec(ctx, query, name); err != nil {
				return err
			}
		}
		_, err := t.one(ctx, []any{&passes}, count, name)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("remove job %q: %w", name, err)
	}
	return passes, nil
}

// TemplateFiles returns the files of a version of a template, by path, and the
// name by which it was saved.
func (d *DB) TemplateFiles(ctx context.Context, version jobs.Hash) (name string, files map[string][]byte, err error) {
	const (
		named = `SELECT name FROM templates WHERE version = ?`
		query = `SELECT path, data FROM template_files WHERE version = ?`
	)
	if err := d.get(ctx, &name, named, version[:]); err != nil {
		return "", nil, fmt.Errorf("template version %x: %w", version[:4], err)
	}
	var rows []struct {
		Path string `db:"path"`
		Data []byte `db:"data"`
	}
	if err := d.list(ctx, &rows, query, version[:]); err != nil {
		return "", nil, fmt.Errorf("template version %x: %w", version[:4], err)
	}
	files = make(map[string][]byte, len(rows))
	for _, r := range rows {
		files[r.Path] = notNil(r.Data)
	}
	return name, files, nil
}
