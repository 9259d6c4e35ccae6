package jobs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Text returns the job as the YAML text of a file, from which [ParseJob] reads
// an equal job. Equal jobs have equal texts, and keys without a value are left
// out.
func (j *Job) Text() []byte {
	short := *j
	if k := short.Source.Kind; k == SourceFile || k == SourceQuery {
		short.Source.Kind = "" // the other keys tell
	}
	return appendStruct(nil, reflect.ValueOf(short), "")
}

// appendStruct writes the members of a struct that have a value, in their order.
// The library writes text that it reads back as something else: blanks, and some
// that look like a number.
func appendStruct(dst []byte, v reflect.Value, indent string) []byte {
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		member := v.Field(i)
		policy, isPolicy := member.Interface().(Policy)
		switch {
		case key == "" || key == "-":
		case isPolicy:
			dst = fmt.Appendf(dst, "%s%s: %s\n", indent, key, scalarText(policy.String(), indent))
		case member.IsZero():
		case member.Kind() == reflect.Struct:
			dst = fmt.Appendf(dst, "%s%s:\n", indent, key)
			dst = appendStruct(dst, member, indent+"  ")
		case member.Kind() == reflect.Map:
			dst = fmt.Appendf(dst, "%s%s:\n", indent, key)
			dst = appendMap(dst, member.Convert(reflect.TypeFor[map[string]string]()).Interface().(map[string]string), indent+"  ")
		case member.Kind() == reflect.Slice:
			dst = fmt.Appendf(dst, "%s%s:\n", indent, key)
			for n := range member.Len() {
				dst = fmt.Appendf(dst, "%s  - %s\n", indent, scalarText(member.Index(n).String(), indent))
			}
		case member.Kind() == reflect.String:
			dst = fmt.Appendf(dst, "%s%s: %s\n", indent, key, scalarText(member.String(), indent))
		default: // numbers and truth values
			dst = fmt.Appendf(dst, "%s%s: %v\n", indent, key, member)
		}
	}
	return dst
}

func appendMap(dst []byte, m map[string]string, indent string) []byte {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		dst = fmt.Appendf(dst, "%s%s: %s\n", indent, quoted(key), scalarText(m[key], indent))
	}
	return dst
}

var (
	plainWord = regexp.MustCompile(`^(\.\.?/)*/?[A-Za-z][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+-]+)*$`)
	plainLine = regexp.MustCompile(`^[!-~]+( +[!-~]+)*$`)
	nextLine  = regexp.MustCompile(`^ *[!-~]+( +[!-~]+)*$`) // the first one says where lines begin
	keywords  = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
)

// scalarText returns text as a value: a plain word, lines as they are, or quoted.
func scalarText(s, indent string) string {
	whole, ended := strings.CutSuffix(s, "\n")
	lines, block := strings.Split(whole, "\n"), "|-\n"
	if ended {
		block = "|\n"
	}
	plain := plainLine.MatchString(lines[0]) && !slices.ContainsFunc(lines[1:], func(l string) bool { return !nextLine.MatchString(l) })
	if plain && (ended || len(lines) > 1) {
		return block + indent + "  " + strings.Join(lines, "\n"+indent+"  ")
	}
	return quoted(s)
}

// quoted returns text as it is if it can't be taken for anything else, and else
// in quotes, as JSON has them, which YAML reads.
func quoted(s string) string {
	if plainWord.MatchString(s) && !slices.Contains(keywords, strings.ToLower(s)) {
		return s
	}
	var b bytes.Buffer
	text := json.NewEncoder(&b)
	text.SetEscapeHTML(false) // < and > of queries
	_ = text.Encode(s)        // a string can't fail
	return strings.TrimSuffix(b.String(), "\n")
}

// String returns the policy as [ParsePolicy] reads it.
func (p Policy) String() string {
	switch p.Share {
	case 0:
		return "stop"
	case 1:
		return "skip"
	}
	return p.percent()
}

func (p Policy) percent() string {
	return strconv.FormatFloat(p.Share*100, 'g', 12, 64) + "%" // without the noise of binary fractions
}

// paths lists the members that name files and folders, all but the template.
func (j *Job) paths() []*string {
	list := []*string{
		&j.Source.File, &j.Certificate.P12, &j.Certificate.Cert, &j.Certificate.Key, &j.Certificate.PasswordFile,
		&j.Certificate.Intermediate, &j.Output.Dir, &j.Images.Dir, &j.Mail.Dir,
	}
	if !strings.Contains(j.Source.Database, "://") {
		list = append(list, &j.Source.Database)
	}
	return list
}

// Rebase changes the job's relative paths, which count from the folder from, so
// that they lead to the same files from the folder to. Both are absolute. The
// template's stays as it is.
func (j *Job) Rebase(from, to string) {
	for _, p := range j.paths() {
		if *p == "" || filepath.IsAbs(filepath.FromSlash(*p)) || path.IsAbs(*p) {
			continue
		}
		whole := filepath.Join(from, filepath.FromSlash(*p))
		if rel, err := filepath.Rel(to, whole); err == nil {
			whole = rel
		}
		*p = filepath.ToSlash(whole)
	}
}
