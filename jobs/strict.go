package jobs

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// DecodeYAML reads YAML strictly into v, a pointer to a struct. Its errors name file,
// line and column, and for an unknown key the nearest known one.
func DecodeYAML(text []byte, file string, v any) error {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors put it there
	if strings.TrimSpace(string(text)) == "" {
		return fmt.Errorf("%s: is empty", file)
	}
	err := yaml.UnmarshalWithOptions(text, v, yaml.Strict())
	if err == nil {
		return nil
	}
	at := file
	var located yaml.Error
	if errors.As(err, &located) && located.GetToken() != nil {
		p := located.GetToken().Position
		at = fmt.Sprintf("%s:%d:%d", file, p.Line, p.Column)
	}
	if unknown, ok := errors.AsType[*yaml.UnknownFieldError](err); ok {
		key := unknown.GetToken().Value
		keys := yamlKeys(reflect.TypeOf(v).Elem())
		return fmt.Errorf("%s: unknown key %q%s", at, key, listNear(key, keys))
	}
	if located != nil {
		return fmt.Errorf("%s: %s%s", at, strings.ReplaceAll(located.GetMessage(), "\t", "a tab"), yamlHint(located.GetMessage()))
	}
	return fmt.Errorf("%s: %w", at, err)
}

// yamlHint says what a mistake that the parser found usually is.
func yamlHint(message string) string {
	switch {
	case strings.Contains(message, "cannot start any token"):
		return "; indent with blanks, YAML takes no tabs"
	case strings.Contains(message, "is not allowed in this context"):
		return "; lines of one level begin in one column, and a second colon in a line needs {braces} or a line of its own"
	case strings.Contains(message, "mapping is expected"):
		return "; put a blank after each colon, and write keys below it or in {braces}"
	}
	return ""
}

// yamlKeys lists the keys of a struct and of the structs in it.
func yamlKeys(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if key := f.Tag.Get("yaml"); key != "" {
			keys = append(keys, key)
		}
		if f.Type.Kind() == reflect.Struct {
			keys = append(keys, yamlKeys(f.Type)...)
		}
	}
	return keys
}

func baseName(file string) string {
	name := path.Base(filepath.ToSlash(file))
	return strings.TrimSuffix(name, path.Ext(name))
}
