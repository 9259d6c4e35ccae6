package main

import (
	"fmt"
	"io"
	"strings"

	"passmill/templates/intake"
)

type templateImport struct {
	Pass   string `arg:"" help:"A pass (.pkpass), a template of Apple's Pass Designer (.pkpasstemplate), or the folder of one (.pass)."`
	Dir    string `arg:"" help:"The folder to make. The pass's own values go into a CSV file beside it."`
	Keep   bool   `help:"Propose no placeholders: all stays as it is, but for the serial number."`
	DryRun bool   `help:"Say what would be done, and write nothing."`
}

// Help is the end of the command's -h.
func (templateImport) Help() string {
	return "Values that look personal become placeholders; each is named, and so is what was dropped, mended or left out. " +
		"Exit status: 0 done, 3 done, but the template lacks something that the pass had, 1 not done."
}

// Run makes a template of a pass.
func (c *templateImport) Run(std streams) error {
	if !c.DryRun {
		if err := intake.Check(c.Dir); err != nil { // before anything is read
			return err
		}
	}
	pass, err := intake.Read(c.Pass)
	if err != nil {
		return fmt.Errorf("import: %w", noFile(c.Pass, err))
	}
	t, err := pass.Propose(intake.Options{Keep: c.Keep})
	if err != nil {
		return fmt.Errorf("import: %s: %w", c.Pass, err)
	}
	if !c.DryRun {
		if err := t.Write(c.Dir); err != nil {
			return fmt.Errorf("import: %s: %w", c.Pass, err)
		}
	}
	lost := tell(std.out, t)
	c.next(std.out, t)
	if lost {
		return status{code: exitPartly}
	}
	return nil
}

// mostNotes is how many notes of a kind are shown one by one.
const mostNotes = 50

// tell prints what was done, and reports whether the template lacks something.
func tell(w io.Writer, t *intake.Template) (lost bool) {
	for _, p := range t.Placeholders {
		fmt.Fprintln(w, p)
	}
	shown := make(map[intake.Kind]int)
	for _, kind := range []intake.Kind{intake.Stays, intake.Mended, intake.Dropped, intake.LeftOut} {
		for _, n := range t.Notes {
			if n.Kind != kind {
				continue
			}
			lost = lost || n.Lost
			if shown[kind]++; shown[kind] <= mostNotes {
				fmt.Fprintln(w, n)
			}
		}
		if more := shown[kind] - mostNotes; more > 0 {
			fmt.Fprintf(w, "%s: and %s more\n", kind, thousands(more))
		}
	}
	return lost
}

// next says what can be done now.
func (c *templateImport) next(w io.Writer, t *intake.Template) {
	if c.DryRun {
		fmt.Fprintln(w, "nothing was written")
		return
	}
	csv := intake.CSVFile(c.Dir)
	fmt.Fprintf(w, "made %q, and %q with the pass's own values; look at both, then run passmill template lint %q\n", c.Dir, csv, c.Dir)
	fmt.Fprintf(w, "in a job: template: %s, source: {file: %s}, serial: %s\n", c.Dir, csv, t.SerialField)
	if columns := t.Formulas(); columns != nil {
		fmt.Fprintf(w, "in a spreadsheet, open the columns %s of %q as text: they hold what it would take for a formula\n", strings.Join(columns, ", "), csv)
	}
}
