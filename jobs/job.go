package jobs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// A Job says which passes to make: a definition, read from a YAML file. Paths
// are relative to that file.
type Job struct {
	Name        string            `yaml:"name"`        // what runs and passes are filed under; the file's name if absent
	Template    string            `yaml:"template"`    // a folder, or the name of an embedded starter
	Source      SourceSpec        `yaml:"source"`      // where the rows come from
	Map         map[string]string `yaml:"map"`         // field: header, where they differ
	Serial      string            `yaml:"serial"`      // the field that is the serial number
	Certificate CertificateSpec   `yaml:"certificate"` // what signs
	Output      OutputSpec        `yaml:"output"`      // where passes go
	OnError     Policy            `yaml:"onError"`     // skip (the default) | stop | "1%"
}

// A SourceSpec names a sheet of a workbook, or a CSV file.
type SourceSpec struct {
	File   string `yaml:"file"`   // .xlsx, .csv or .tsv
	Sheet  string `yaml:"sheet"`  // of a workbook; the first if absent
	Header int    `yaml:"header"` // number of the header's row; 1 if absent
	Hidden string `yaml:"hidden"` // skip (the default) | keep hidden rows
}

// A CertificateSpec names the files of a certificate, and where its password is
// found. It never holds the password itself.
type CertificateSpec struct {
	P12          string `yaml:"p12"`          // .p12 or .pfx, with the key in it
	Cert         string `yaml:"cert"`         // or PEM or DER …
	Key          string `yaml:"key"`          // … and the key's own file
	PasswordEnv  string `yaml:"passwordEnv"`  // name of an environment variable
	PasswordFile string `yaml:"passwordFile"` // first line of a file
	Intermediate string `yaml:"intermediate"` // only if it is not Apple's own
}

// An OutputSpec says where passes go and how their files are named.
type OutputSpec struct {
	Dir    string `yaml:"dir"`
	Name   string `yaml:"name"`   // a [Pattern]; "{serial}.pkpass" if absent
	Bundle string `yaml:"bundle"` // field whose equal values put passes into one .pkpasses file
}

// A Policy says how many bad rows a run puts up with: all of them (Share 1), a
// share, or none (Share 0). Beyond it no pass is made.
type Policy struct{ Share float64 }

// ParsePolicy reads "skip", "stop" or a share such as "1%".
func ParsePolicy(text string) (Policy, error) {
	switch text {
	case "skip":
		return Policy{1}, nil
	case "stop":
		return Policy{0}, nil
	}
	if number, ok := strings.CutSuffix(text, "%"); ok {
		share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err == nil && share >= 0 && share <= 100 {
			return Policy{share / 100}, nil
		}
	}
	return Policy{}, fmt.Errorf("%q is no policy for bad rows; write skip, stop, or a share such as \"1%%\"", text)
}

// Stops reports whether so many refused rows are too many.
func (p Policy) Stops(c Count) bool {
	return c.Refused > 0 && p.Share < 1 && float64(c.Refused) > p.Share*float64(c.Rows)
}

// UnmarshalYAML implements [yaml.InterfaceUnmarshaler].
func (p *Policy) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	policy, err := ParsePolicy(text)
	*p = policy
	return err
}

// ParseJob reads a job from the YAML text of a file. It is strict: unknown keys
// are errors with line, column and the nearest key. It fills in defaults, and
// reports everything that is wrong at once.
func ParseJob(text []byte, file string) (*Job, error) {
	job := &Job{OnError: Policy{1}}
	if err := DecodeYAML(text, file, job); err != nil {
		return nil, err
	}
	if job.Name == "" {
		job.Name = baseName(file)
	}
	if job.Source.Header == 0 {
		job.Source.Header = 1
	}
	if job.Output.Name == "" {
		job.Output.Name = "{serial}.pkpass"
	}
	if err := job.validate(); err != nil {
		return nil, err
	}
	return job, nil
}

func (j *Job) validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(j.Template != "", "template: is missing; name a folder, or a starter such as storecard")
	need(j.Source.File != "", "source: file: is missing; name a workbook or a CSV file")
	need(j.Source.Header > 0, "source: header: must be the number of the header's row, from 1")
	need(j.Source.Hidden == "" || j.Source.Hidden == "skip" || j.Source.Hidden == "keep", "source: hidden: must be skip or keep, not %q", j.Source.Hidden)
	need(j.Serial != "", "serial: is missing; name the field that is the serial number")
	need(j.Output.Dir != "", "output: dir: is missing; name the folder for the passes")
	if _, err := ParsePattern(j.Output.Name); err != nil {
		errs = append(errs, fmt.Errorf("output: name: %w", err))
	}
	return errors.Join(append(errs, j.Certificate.validate()...)...)
}

func (c CertificateSpec) validate() (errs []error) {
	switch {
	case c.P12 == "" && c.Cert == "":
		errs = append(errs, errors.New("certificate: is missing; name a .p12 file (p12:), or a certificate and its key (cert:, key:)"))
	case c.P12 != "" && c.Cert+c.Key != "":
		errs = append(errs, errors.New("certificate: has p12: and also cert: or key:; keep one of the two ways"))
	}
	if c.PasswordEnv != "" && c.PasswordFile != "" {
		errs = append(errs, errors.New("certificate: has passwordEnv: and passwordFile:; keep one"))
	}
	return errs
}

var _ yaml.InterfaceUnmarshaler = (*Policy)(nil)
