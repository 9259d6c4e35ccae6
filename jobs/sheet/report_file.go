package sheet

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// reportProperty is the property that tells a report from other workbooks. It
// stands in the file's own properties, where nobody changes it by accident.
const reportProperty = "passmill report"

const customPart = "docProps/custom.xml"

// mayWrite reports why a report must not be written to a file: it would destroy
// what is no report.
func mayWrite(file, source string) error {
	if !strings.EqualFold(filepath.Ext(file), ".xlsx") {
		return fmt.Errorf("report %s: it is a workbook, so its name must end in .xlsx", file)
	}
	stat, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Dir(file)); err != nil {
			return fmt.Errorf("report %s: its folder does not exist; make it, or name another", file)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if s, err := os.Stat(source); source != "" && err == nil && os.SameFile(s, stat) {
		return fmt.Errorf("report %s: it is the source itself; name another file", file)
	}
	if !stat.Mode().IsRegular() || !isReport(file) {
		return fmt.Errorf("report %s: the file exists and is no report of passmill; name another, or remove it", file)
	}
	return nil
}

// isReport reports whether a file is a report that was written here.
func isReport(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return false
	}
	a, err := openArchive(f, stat.Size(), reportFileLimits())
	return err == nil && a.isReport()
}

func (a *archive) isReport() bool {
	found := false
	if a.has(customPart) {
		_ = a.small(customPart, func(start xml.StartElement) error { // a damaged part is none of ours
			found = found || start.Name.Local == "property" && attr(start, "name") == reportProperty
			return nil
		})
	}
	return found
}

// replace writes a file so that it is whole or not there: under a temporary
// name, synced, then renamed. Only its owner can read it, since it holds data of
// customers.
func replace(file string, write func(*os.File) error) (err error) {
	out, err := os.CreateTemp(filepath.Dir(file), ".passmill-report-*.tmp") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(out.Name())
		}
	}()
	err = write(out)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), file); err != nil {
		return fmt.Errorf("%w; close it in the spreadsheet program, or name another file", err)
	}
	return nil
}
