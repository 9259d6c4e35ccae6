package main

import (
	"os"
	"path/filepath"

	"passmill/jobs"
)

// A definition is a job, wherever it was found.
type definition struct {
	job *jobs.Job
	dir string // that the job's paths are relative to
}

// findJob reads the job that a user names: a YAML file.
func findJob(name string) (definition, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return definition{}, err
	}
	job, err := jobs.ParseJob(text, name)
	if err != nil {
		return definition{}, err
	}
	return definition{job: job, dir: filepath.Dir(name)}, nil
}

// path returns where a file of the job lies.
func (d definition) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.dir, filepath.FromSlash(name))
}
