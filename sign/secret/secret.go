// Package secret has the one type that holds a secret: it prints [redacted],
// whatever prints it.
package secret

import "log/slog"

const redacted = "[redacted]"

// Text is a password or another secret. Its zero value is the empty secret.
type Text struct{ value string }

// New wraps value.
func New(value string) Text { return Text{value} }

// Reveal returns the secret itself: for the call that needs it, and nothing
// else.
func (t Text) Reveal() string { return t.value }

// String implements [fmt.Stringer].
func (Text) String() string { return redacted }

// GoString implements [fmt.GoStringer], so that %#v does not show it either.
func (Text) GoString() string { return redacted }

// LogValue implements [slog.LogValuer].
func (Text) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], for JSON and YAML.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }
