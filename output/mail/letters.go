package mail

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"passmill/jobs"
)

// Bounds of the files of letters.
const (
	maxLetter  = 256 << 10
	maxPicture = 1 << 20
	maxFiles   = 200
)

// Offers say what the mails of a job can point at.
type Offers struct {
	Link        bool // there is a link for each pass
	Attached    bool // the pass is attached
	Unsubscribe bool // there is a page for unsubscribing
	Badge       bool // there is a badge.png; set by [ParseLetters]
}

// Letters are the templates of a job's mails: mail.html, mail.txt and mail.yaml of
// a folder, mail.de.html and so on for languages, and the pictures that they show.
// What is missing is made. They are safe for concurrent use.
type Letters struct {
	Files map[string][]byte // everything that was read; who keeps it can parse the same letters again

	offers Offers
	mu     sync.Mutex
	made   map[string]*letter // by language; guarded by mu
}

// A heading is what mail.yaml says.
type heading struct {
	Subject   string `yaml:"subject"`
	From      string `yaml:"from"`      // an address with or without a name; that of passmill.yaml if absent
	ReplyTo   string `yaml:"replyTo"`   // likewise
	Preheader string `yaml:"preheader"` // what mail programs show beside the subject
}

// A letter is a mail in one language.
type letter struct {
	heading
	language                 string
	subject, preheader, text []piece
	html                     *page
	pictures                 []File // that the HTML names by cid:
	badge                    *File
}

var (
	letterName = regexp.MustCompile(`^mail(?:\.([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*))?\.(html|txt|yaml)$`)
	badgeName  = regexp.MustCompile(`^badge(?:-([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*))?\.png$`)
	picture    = regexp.MustCompile(`cid:([A-Za-z0-9_.@-]+)`)
)

var pictureTypes = map[string]string{".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}

// ReadLetters reads the letters in the root of a file system. It finds none there
// if the second result is false; then they are all made.
func ReadLetters(fsys fs.FS, o Offers) (*Letters, bool, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, false, err
	}
	files, found := map[string][]byte{}, false
	var errs []error
	for _, e := range entries {
		name := e.Name()
		isLetter := letterName.MatchString(name)
		if e.IsDir() || !isLetter && pictureTypes[strings.ToLower(path.Ext(name))] == "" {
			continue
		}
		limit := int64(maxPicture)
		if isLetter {
			limit, found = maxLetter, true
		}
		info, err := e.Info()
		switch {
		case err != nil:
			errs = append(errs, err)
			continue
		case info.Size() > limit && (isLetter || badgeName.MatchString(name)):
			errs = append(errs, fmt.Errorf("%s: is larger than %d KiB", name, limit>>10))
			continue
		case info.Size() > limit || len(files) >= maxFiles:
			continue // some picture of the folder; it is missed if a letter shows it
		}
		if files[name], err = fs.ReadFile(fsys, name); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, found, err
	}
	l, err := ParseLetters(files, o)
	return l, found || hasBadge(files), err
}

// ParseLetters makes letters of files that were read before. Everything that is
// wrong with them is told at once. Pictures that nothing shows are left out.
func ParseLetters(files map[string][]byte, o Offers) (*Letters, error) {
	o.Badge = hasBadge(files)
	l := &Letters{offers: o, made: map[string]*letter{}, Files: map[string][]byte{}}
	all := &Letters{offers: o, made: l.made, Files: files}
	var errs []error
	for _, language := range all.languages() {
		made, err := all.make(language)
		errs = append(errs, err)
		l.made[language] = made
	}
	if err := errors.Join(errs...); err != nil {
		return nil, onceEach(err)
	}
	for name, data := range files {
		shown := letterName.MatchString(name) || badgeName.MatchString(name)
		for _, made := range l.made {
			shown = shown || slices.ContainsFunc(made.pictures, func(f File) bool { return f.Name == name })
		}
		if shown {
			l.Files[name] = data
		}
	}
	return l, nil
}

// onceEach leaves out errors that were told before: one file serves several
// languages.
func onceEach(err error) error {
	lines := slices.Compact(slices.Sorted(strings.Lines(err.Error() + "\n")))
	return errors.New(strings.TrimSuffix(strings.Join(lines, ""), "\n"))
}

func hasBadge(files map[string][]byte) bool {
	for name := range files {
		if badgeName.MatchString(name) {
			return true
		}
	}
	return false
}

// languages lists those for which the folder has something, and "" for all others.
func (l *Letters) languages() []string {
	found := map[string]bool{"": true}
	for name := range l.Files {
		if m := letterName.FindStringSubmatch(name); m != nil {
			found[tag(m[1])] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// tag returns the form in which languages are compared.
func tag(language string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(language)), "_", "-")
}

// file returns the file that serves a language: "mail.de.html" for "de-at", or
// "mail.html".
func (l *Letters) file(pattern *regexp.Regexp, ext, language string) (name string, data []byte, found bool) {
	for t := tag(language); ; {
		for _, name := range slices.Sorted(maps.Keys(l.Files)) {
			if m := pattern.FindStringSubmatch(name); m != nil && tag(m[1]) == t && strings.HasSuffix(name, ext) {
				return name, l.Files[name], true
			}
		}
		if t == "" {
			return "", nil, false
		}
		t = t[:max(0, strings.LastIndexByte(t, '-'))]
	}
}

// in returns the letter in a language.
func (l *Letters) in(language string) (*letter, error) {
	language = tag(language)
	l.mu.Lock()
	defer l.mu.Unlock()
	if made := l.made[language]; made != nil {
		return made, nil
	}
	if len(l.made) > maxFiles {
		return l.made[""], nil // a column that holds anything but languages
	}
	made, err := l.make(language)
	if err == nil {
		l.made[language] = made
	}
	return made, err
}

// make puts a letter together of what the folder has for the language.
func (l *Letters) make(language string) (*letter, error) {
	known := tag(language)
	if _, ok := inWords[known]; !ok {
		known, _, _ = strings.Cut(known, "-")
	}
	w, ok := inWords[known]
	if !ok {
		w, known = inWords["en"], "en"
	}
	made := &letter{language: cmp.Or(language, known)}
	var errs []error
	for _, t := range slices.Compact([]string{"", tag(language)}) { // a language's own says what differs
		if name, data, found := l.file(letterName, ".yaml", t); found {
			errs = append(errs, jobs.DecodeYAML(data, name, &made.heading))
		}
	}
	errs = append(errs, made.check())
	take := func(to *[]piece, file, text string) {
		list, line, err := pieces(text)
		if err != nil {
			err = fmt.Errorf("%s:%d: %w", file, line, err)
		}
		*to = list
		errs = append(errs, err)
	}
	take(&made.subject, "mail.yaml: subject", cmp.Or(made.Subject, w.subject))
	take(&made.preheader, "mail.yaml: preheader", cmp.Or(made.Preheader, w.body))
	name, data, found := l.file(letterName, ".txt", language)
	if !found {
		name, data = "mail.txt", []byte(standardText(w, l.offers))
	}
	take(&made.text, name, strings.ReplaceAll(string(data), "\r\n", "\n"))
	name, data, found = l.file(letterName, ".html", language)
	if !found {
		name, data = "mail.html", []byte(standard(known, w, l.offers))
	}
	if badge, data, found := l.file(badgeName, ".png", language); found {
		made.badge = &File{Name: badge, Type: "image/png", Data: data}
	}
	var err error
	made.html, err = parsePage(name, string(data))
	errs = append(errs, err, l.show(made, name, string(data)))
	return made, errors.Join(errs...)
}

// check refuses headings that are none.
func (m *letter) check() error {
	var errs []error
	for key, text := range map[string]string{"from": m.From, "replyTo": m.ReplyTo} {
		if text == "" {
			continue
		}
		if err := CheckPerson(text); err != nil {
			errs = append(errs, fmt.Errorf("mail.yaml: %s: write it like Wallet Service <wallet@example.com>", key))
		}
	}
	return errors.Join(errs...)
}

// show takes in the pictures that the HTML names.
func (l *Letters) show(made *letter, file, text string) error {
	var errs []error
	for _, m := range picture.FindAllStringSubmatch(text, -1) {
		name := m[1]
		kind := pictureTypes[strings.ToLower(path.Ext(name))]
		data, found := l.Files[name]
		switch {
		case !found || kind == "":
			errs = append(errs, fmt.Errorf("%s: shows cid:%s, but there is no such picture (png, jpg, gif, at most 1 MiB) beside it", file, name))
		case !slices.ContainsFunc(made.pictures, func(f File) bool { return f.Name == name }):
			made.pictures = append(made.pictures, File{Name: name, Type: kind, Data: data})
		}
	}
	return errors.Join(errs...)
}
