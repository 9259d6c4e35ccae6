package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"passmill/jobs"
	"passmill/output/mail"
)

// letters reads the templates of the job's mails: from the folder that it names,
// else from its own, else from that of its template; where none has any, they are
// all made.
func (d definition) letters(o mail.Offers) (*mail.Letters, error) {
	folders := []string{d.path(d.job.Mail.Dir)}
	if d.job.Mail.Dir == "" {
		folders = []string{d.dir, d.path(d.job.Template)}
	}
	for _, dir := range folders {
		l, found, err := mail.ReadLetters(os.DirFS(dir), o)
		if errors.Is(err, fs.ErrNotExist) && d.job.Mail.Dir == "" {
			continue // the template is an embedded one, or the ledger's
		}
		if err != nil {
			return nil, fmt.Errorf("mail: the templates in %s:\n%w", fromHere(filepath.Clean(dir)), err)
		}
		if found {
			return l, nil
		}
	}
	return mail.ParseLetters(nil, o)
}

// contactFields returns the fields that the job's mails need and its passes do not.
// They never refuse a row: who can't be mailed has a pass all the same.
func (w *work) contactFields(own []jobs.Field) (list []jobs.Field, err error) {
	spec := w.job.Mail
	if spec.To == "" {
		return nil, nil
	}
	letters, err := w.letters(mail.Offers{Attached: spec.Attach})
	if err != nil {
		return nil, err
	}
	uses := append([]mail.Use{{File: "mail: to", Name: spec.To}}, letters.Uses()...)
	if spec.Language != "" {
		uses = append(uses, mail.Use{File: "mail: language", Name: spec.Language})
	}
	var errs []error
	for _, r := range mail.Reserved {
		if hasField(slices.Concat(own, w.template.Fields), r) {
			errs = append(errs, fmt.Errorf("mail: the template has a field %s, which stands for something else in mails; give the field another name", r))
		}
	}
	for _, u := range uses {
		if hasField(own, u.Name) || hasField(list, u.Name) {
			continue
		}
		field, declared := jobs.Field{Name: u.Name, Type: jobs.TypeText}, false
		for _, f := range w.template.Fields {
			if declared = jobs.FoldName(f.Name) == jobs.FoldName(u.Name); declared {
				field = f
				break
			}
		}
		if field.Optional = true; field.Type == jobs.TypeEmail {
			field.Type = jobs.TypeText // that it is none is told before the mails are sent
		}
		columns := w.source.Columns()
		if !w.hasColumn(columns, u.Name) && field.Default == "" {
			errs = append(errs, fmt.Errorf("%s: there is no column for %s%s", place(u), u.Name, nearColumn(u.Name, columns)))
			continue
		}
		list = append(list, field)
	}
	return list, errors.Join(errs...)
}

func place(u mail.Use) string {
	if u.Line == 0 {
		return u.File
	}
	return fmt.Sprintf("%s:%d", u.File, u.Line)
}

func hasField(fields []jobs.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f jobs.Field) bool { return jobs.FoldName(f.Name) == jobs.FoldName(name) })
}

func nearColumn(name string, columns []jobs.Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	if near := jobs.Nearest(name, names); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return "; add the column, or name another under map: in the job"
}
