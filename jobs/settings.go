package jobs

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// A Setting is one key of a job and its value, as they stand in two cells of a
// sheet. The key is that of the job's file, the levels joined by full stops:
// "output.dir". Regard is paid neither to case, spaces, "_" and "-", nor to the
// full stops: "Output dir" is the same key.
type Setting struct {
	Key     string
	Value   Cell
	KeyAt   Origin
	ValueAt Origin
}

// ParseSettings reads a job from settings: the same job that ParseJob would read
// from a file, with the same validation. Before it, preset fills in what is meant
// where they say nothing. at is the place that all of them come from. Everything
// that is wrong is reported at once, each with its cell.
func ParseSettings(settings []Setting, preset func(*Job), at Origin) (*Job, error) {
	p := &settingsParser{at: at, taken: make(map[string]Setting), given: make(map[string]Origin), wrong: make(map[string]bool)}
	p.job.OnError = Policy{1}
	p.known = jobKeys(reflect.TypeFor[Job](), "")
	for _, s := range settings {
		p.take(s)
	}
	preset(&p.job)
	p.complete()
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	return &p.job, nil
}

// A settingsParser puts settings into a job, one by one.
type settingsParser struct {
	job   Job
	at    Origin
	known []jobKey
	taken map[string]Setting // by folded key
	given map[string]Origin  // where the value of a known key stands
	wrong map[string]bool    // the known keys whose value was not understood
	errs  []error

	unknown bool // some key is none
}

func (p *settingsParser) add(at Origin, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %w", at, fmt.Errorf(format, args...)))
}

// take puts one setting into the job. One without a value says nothing.
func (p *settingsParser) take(s Setting) {
	s.Key = strings.TrimSpace(s.Key)
	empty := strings.TrimSpace(s.Value.Text) == "" && s.Value.Raw == ""
	if s.Key == "" {
		if !empty {
			p.add(s.ValueAt, "a value stands here without a key; write the key to the left of it, or empty the cell")
		}
		return
	}
	k, entry, found := p.find(s.Key)
	if !found {
		p.unknown = true
		p.add(s.KeyAt, "unknown key %q%s", s.Key, p.near(s.Key))
		return
	}
	if empty {
		return
	}
	folded := k.name + FoldName(entry)
	if before, twice := p.taken[folded]; twice {
		p.add(s.KeyAt, "the key %q stands in %s already; keep one of the two", s.Key, before.KeyAt.Cell())
		return
	}
	p.taken[folded] = s
	p.given[k.name+entry] = s.ValueAt
	if err := setValue(reflect.ValueOf(&p.job).Elem().FieldByIndex(k.index), entry, s.Value); err != nil {
		p.wrong[k.name+entry] = true
		p.add(s.ValueAt, "%s: %w", k.name+entry, err)
	}
}

// find returns the key of that name; for a map, also the name of the entry.
func (p *settingsParser) find(name string) (k jobKey, entry string, found bool) {
	folded := foldKey(name)
	for _, k := range p.known {
		if k.kind != reflect.Map && foldKey(k.name) == folded {
			return k, "", true
		}
	}
	for _, k := range p.known {
		if k.kind != reflect.Map {
			continue
		}
		if entry, ok := cutKey(name, foldKey(k.name)); ok {
			return k, entry, true
		}
	}
	return jobKey{}, "", false
}

// foldKey returns the form in which keys are compared.
func foldKey(name string) string {
	return FoldName(strings.NewReplacer(".", "", ":", "").Replace(name))
}

// cutKey takes the folded words of a map off a name: "Map: Member no" is the
// entry "Member no" of "map".
func cutKey(name, words string) (entry string, ok bool) {
	for i := range name {
		if foldKey(name[:i]) == words && strings.ContainsAny(name[i:i+1], ".: _-") {
			entry = strings.TrimLeft(name[i:], ".: _-")
			return entry, entry != ""
		}
	}
	return "", false
}

// near names the key that may be meant, or those below it.
func (p *settingsParser) near(key string) string {
	var below []string
	for _, k := range p.known {
		if head, _, ok := strings.Cut(k.name, "."); ok && head == foldKey(key) {
			below = append(below, k.shown())
		}
	}
	if below != nil {
		return "; write " + strings.Join(below, ", ")
	}
	names := make([]string, len(p.known))
	forms := make(map[string]string, 2*len(p.known)) // a key may be misspelled in a short form
	candidates := make([]string, 0, 2*len(p.known))
	for i, k := range p.known {
		names[i] = k.shown()
		last := k.name[strings.LastIndexByte(strings.TrimSuffix(k.name, "."), '.')+1:]
		for _, form := range []string{foldKey(k.name), foldKey(last)} {
			if forms[form] == "" {
				forms[form] = k.shown()
				candidates = append(candidates, form)
			}
		}
	}
	if near := Nearest(foldKey(key), candidates); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", forms[near])
	}
	return listNear(key, names)
}

// complete validates the job, and says in which cell each mistake stands. What
// was found wrong before is not missed again.
func (p *settingsParser) complete() {
	err := p.job.Complete(p.job.Name)
	if err == nil {
		return
	}
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	for _, err := range list {
		key, at := p.place(err.Error())
		if p.wrong[key] || p.unknown && key == "" && strings.Contains(err.Error(), "is missing") {
			continue // said already: what is missing may be what was misspelled
		}
		p.errs = append(p.errs, fmt.Errorf("%s: %w", at, err))
	}
}

// place finds the key and the cell of a mistake by the keys that its message begins
// with: "output: name: …".
func (p *settingsParser) place(message string) (key string, at Origin) {
	at = p.at
	for name, cell := range p.given {
		if strings.HasPrefix(message, strings.ReplaceAll(name, ".", ": ")+":") && len(name) > len(key) {
			key, at = name, cell
		}
	}
	return key, at
}
