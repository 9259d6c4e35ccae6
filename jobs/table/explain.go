package table

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// Codes of PostgreSQL, from its appendix A.
const (
	codeIndeterminate = "42P18"
	codeAmbiguous     = "42P08"
	codeNoOrder       = "42883" // no such function or operator
	codeReadOnly      = "25006"
	codeCanceled      = "57014"
)

// quotedValue is what stands between the first and the last quote: a value may
// have some itself.
var quotedValue = regexp.MustCompile(`(?s)".*"`)

var numbered = regexp.MustCompile(`\$(\d+)`)

// explain puts an error of the database into the terms of the query. A value
// that the server quotes is left out: it could be a row's.
func (q *Query) explain(err error) error {
	e, ok := errors.AsType[*pq.Error](err)
	if !ok {
		return err
	}
	message := numbered.ReplaceAllStringFunc(e.Message, func(s string) string {
		if i, err := strconv.Atoi(s[1:]); err == nil && i <= len(q.statement.names) {
			return ":" + q.statement.names[i-1]
		}
		return s
	})
	fix := e.Hint
	switch code := string(e.Code); {
	case code == codeIndeterminate || code == codeAmbiguous:
		fix = "write its type behind it, as in :club::int"
	case code == codeReadOnly:
		fix = "a job only reads; keep the SELECT alone"
	case code == codeCanceled:
		fix = "if the database's statement_timeout is to blame, write statement_timeout=0 into the URL"
	case strings.HasPrefix(code, "22"): // what is wrong with data
		message = quotedValue.ReplaceAllString(message, `"…"`)
		fix = "look for the row, or the value under params:, with the database's own program"
	case code == codeNoOrder && strings.Contains(message, "ordering operator"):
		fix = "name a column under key: that can be sorted"
	}
	if fix != "" {
		message += "; " + fix
	}
	return fmt.Errorf("%s (%s)", message, e.Code)
}
