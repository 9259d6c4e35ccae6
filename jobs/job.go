package jobs

import (
	"errors"
	"fmt"
	"regexp"
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
	Images      ImagesSpec        `yaml:"images"`      // where the images of rows come from
	Map         map[string]string `yaml:"map"`         // field: header, where they differ
	Serial      string            `yaml:"serial"`      // the field that is the serial number
	Certificate CertificateSpec   `yaml:"certificate"` // what signs; the registry's if absent
	Tenant      string            `yaml:"tenant"`      // whose certificate of the registry signs; the account's if absent
	Output      OutputSpec        `yaml:"output"`      // where passes go
	OnError     Policy            `yaml:"onError"`     // skip (the default) | stop | "1%"
	Mail        MailSpec          `yaml:"mail"`        // to whom the passes are mailed; to nobody if absent
	Updates     bool              `yaml:"updates"`     // phones may ask for newer versions of the passes
	Missing     MissingSpec       `yaml:"missing"`     // what becomes of passes whose rows are gone: keep (the default) | void | expire
	Links       LinksSpec         `yaml:"links"`       // what the links to the passes are; none if absent
	Pushes      PushesSpec        `yaml:"pushes"`      // when phones must not be woken; they always may be if absent
	Schedule    ScheduleSpec      `yaml:"schedule"`    // when the server runs the job by itself; never if absent
	Notify      NotifySpec        `yaml:"notify"`      // when the operator is told of a run
}

// A MailSpec says to whom the passes of a job are mailed, and with what.
type MailSpec struct {
	To       string `yaml:"to"`       // the field that holds the address
	Language string `yaml:"language"` // the field that holds the language, such as de
	Dir      string `yaml:"dir"`      // the folder of mail.html and so on; that of the job if absent
	Attach   bool   `yaml:"attach"`   // attach the pass itself
	AtMost   int    `yaml:"atMost"`   // each make mails to who is new, as long as they are no more; 0: only passmill mail does
}

// A CertificateSpec names a certificate of the registry; or the files of one, and
// where its password is found. It never holds the password itself. If it is empty,
// the registry's certificate for the template's pass type is meant, or its default.
type CertificateSpec struct {
	Name         string `yaml:"name"`         // in the registry
	PassType     string `yaml:"passType"`     // in the registry
	P12          string `yaml:"p12"`          // .p12 or .pfx, with the key in it
	Cert         string `yaml:"cert"`         // or PEM or DER …
	Key          string `yaml:"key"`          // … and the key's own file
	PasswordEnv  string `yaml:"passwordEnv"`  // name of an environment variable
	PasswordFile string `yaml:"passwordFile"` // first line of a file
	Intermediate string `yaml:"intermediate"` // only if it is not Apple's own
}

// An ImagesSpec says where the images come from that rows name.
type ImagesSpec struct {
	Dir   string   `yaml:"dir"`   // the folder of the files; that of the source's file if absent
	Hosts []string `yaml:"hosts"` // from which images may be fetched; none if absent
}

// Planned reports whether passes of the job are only planned, and pressed when
// somebody asks for them.
func (j *Job) Planned() bool { return j.Output.Dir == "" }

// An OutputSpec says where passes go and how their files are named.
type OutputSpec struct {
	Dir    string `yaml:"dir"`
	Name   string `yaml:"name"`   // a [Pattern]; "{serial}.pkpass" if absent
	Bundle string `yaml:"bundle"` // field whose equal values put passes into one .pkpasses file
}

// DefaultName is the pattern of file names of jobs that name none.
const DefaultName = "{serial}.pkpass"

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
	if err := job.Complete(baseName(file)); err != nil {
		return nil, err
	}
	return job, nil
}

// Complete fills in defaults, the name among them, and reports everything that
// is wrong with the job at once. It is the one validation of all jobs, whatever
// they were read from.
func (j *Job) Complete(name string) error {
	if j.Name == "" {
		j.Name = name
	}
	j.Source.complete()
	j.Links.complete()
	if j.Output.Name == "" && j.Source.Kind != SourceTables { // those name the files themselves
		j.Output.Name = DefaultName
	}
	return j.validate()
}

func (j *Job) validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	tables := j.Source.Kind == SourceTables
	need(j.Template != "" || tables, "template: is missing; name a folder, or a starter such as storecard")
	need(j.Serial != "" || tables, "serial: is missing; name the field that is the serial number")
	need(j.Output.Dir != "" || j.Links.Kind != "", "output: dir: is missing; name the folder for the passes, or write links: true if they are only to be had by links")
	if _, err := ParsePattern(j.Output.Name); err != nil && j.Output.Name != "" {
		errs = append(errs, fmt.Errorf("output: name: %w", err))
	}
	need(j.Mail.To != "" || j.Mail == MailSpec{}, "mail: to: is missing; name the field that holds the addresses")
	need(j.Mail.AtMost >= 0, "mail: atMost: is %d; write how many mails a run may send by itself", j.Mail.AtMost)
	need(j.Updates || j.Pushes == PushesSpec{}, "pushes: no phone hears of the passes of this job; write updates: true as well, or leave pushes: out")
	_, wrong := j.Pushes.parse()
	errs = append(errs, wrong...)
	errs = append(errs, j.Images.validate()...)
	errs = append(errs, j.Missing.validate(j.Source)...)
	errs = append(errs, j.Source.validate()...)
	errs = append(errs, j.Schedule.validate()...)
	errs = append(errs, j.Notify.validate()...)
	errs = append(errs, j.Links.validate()...)
	return errors.Join(append(errs, j.Certificate.validate()...)...)
}

// hostName is a name of a host, with a port if that is not 443: no address, since
// nobody vouches for what answers there, and no pattern.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.[A-Za-z-][A-Za-z0-9-]*(:[0-9]{1,5})?$`)

func (i ImagesSpec) validate() (errs []error) {
	for _, h := range i.Hosts {
		if !hostName.MatchString(h) {
			errs = append(errs, fmt.Errorf("images: hosts: %q is no name of a host; write it as cdn.example.com, or with a port as cdn.example.com:8443", h))
		}
	}
	return errs
}

// Registered reports whether a certificate of the registry is meant.
func (c CertificateSpec) Registered() bool {
	return c.P12+c.Cert+c.Key+c.PasswordEnv+c.PasswordFile+c.Intermediate == ""
}

func (c CertificateSpec) validate() (errs []error) {
	switch {
	case c.Registered() && c.Name != "" && c.PassType != "":
		errs = append(errs, errors.New("certificate: has name: and passType:; keep one"))
	case !c.Registered() && c.Name+c.PassType != "":
		errs = append(errs, errors.New("certificate: has name: or passType: of the registry and also files; keep one of the two ways"))
	case !c.Registered() && c.P12 == "" && c.Cert == "":
		errs = append(errs, errors.New("certificate: names no certificate; name a .p12 file (p12:), or a certificate and its key (cert:, key:)"))
	case c.P12 != "" && c.Cert+c.Key != "":
		errs = append(errs, errors.New("certificate: has p12: and also cert: or key:; keep one of the two ways"))
	}
	if c.PasswordEnv != "" && c.PasswordFile != "" {
		errs = append(errs, errors.New("certificate: has passwordEnv: and passwordFile:; keep one"))
	}
	return errs
}

var _ yaml.InterfaceUnmarshaler = (*Policy)(nil)
