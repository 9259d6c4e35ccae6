package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const document = "../../../docs/validators.md"

// checkDocument prints the figures, and compares them with those of the
// documentation.
func checkDocument(out io.Writer, figures []string) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	var problems []error
	for _, line := range figures {
		fmt.Fprintln(out, line)
		if !strings.Contains(string(text), line+"\n") {
			problems = append(problems, fmt.Errorf("docs/validators.md lacks the line that run.sh -update writes: %s", line))
		}
	}
	return errors.Join(problems...)
}

// updateDocument writes the figures and the table of explanations into the
// documentation.
func updateDocument(figures []string) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	var table bytes.Buffer
	if err := writeTable(&table); err != nil {
		return err
	}
	for name, part := range map[string]string{"figures": strings.Join(figures, "\n") + "\n", "table": table.String()} {
		begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->\n"
		before, rest, found := strings.Cut(string(text), begin)
		_, after, found2 := strings.Cut(rest, end)
		if !found || !found2 {
			return fmt.Errorf("docs/validators.md has no %s between %s and %s", name, strings.TrimSpace(begin), strings.TrimSpace(end))
		}
		text = []byte(before + begin + part + end + after)
	}
	return os.WriteFile(document, text, 0o644)
}
