package picture

import (
	"passmill/jobs"
)

// refused returns the finding that refuses a row. Messages never quote what the
// cell says.
func refused(code, message, fix string) *jobs.Finding {
	return &jobs.Finding{Code: code, Severity: jobs.Refused, Message: message, Fix: fix}
}

// The codes of findings; they are an interface.
const (
	codeMissing     = "image-missing"
	codeOutside     = "image-outside"
	codeNoFile      = "image-no-file"
	codeUnreadable  = "image-unreadable"
	codeTooBig      = "image-too-big"
	codeType        = "image-type"
	codePixels      = "image-pixels"
	codeDamaged     = "image-damaged"
	codeChanged     = "image-changed"
	codeSmall       = "image-small"
	codeAddress     = "image-address"
	codeHost        = "image-host"
	codePrivate     = "image-private"
	codeStatus      = "image-status"
	codeUnreachable = "image-unreachable"
)
