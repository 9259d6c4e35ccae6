package link

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Translations are files: one for each language, with the same words in each.
//
//go:embed languages/*.json
var languages embed.FS

// A words holds the texts of the pages in one language.
type words map[string]string

// A tongue is one language of the pages.
type tongue struct {
	Tag   string
	Dir   string // ltr | rtl
	Words words
}

// tongues are all languages; English is the first.
type tongues struct {
	list    []tongue
	matcher language.Matcher
}

func readTongues(fsys fs.FS) (*tongues, error) {
	names, err := fs.Glob(fsys, "languages/*.json")
	if err != nil {
		return nil, err
	}
	slices.SortFunc(names, func(a, b string) int { // English is what everybody else gets
		return strings.Compare(strings.Replace(a, "/en.", "/ ", 1), strings.Replace(b, "/en.", "/ ", 1))
	})
	t := &tongues{}
	var tags []language.Tag
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		one := tongue{Tag: strings.TrimSuffix(path.Base(name), ".json"), Dir: "ltr"}
		if err := json.Unmarshal(data, &one.Words); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if one.Tag == "ar" || one.Tag == "he" || one.Tag == "fa" {
			one.Dir = "rtl"
		}
		if len(t.list) > 0 && !slices.Equal(slices.Sorted(maps.Keys(t.list[0].Words)), slices.Sorted(maps.Keys(one.Words))) {
			return nil, fmt.Errorf("%s: has other words than %s.json", name, t.list[0].Tag)
		}
		t.list, tags = append(t.list, one), append(tags, language.Make(one.Tag))
	}
	t.matcher = language.NewMatcher(tags)
	return t, nil
}

// of returns the language of a request.
func (t *tongues) of(h http.Header) tongue {
	tags, _, err := language.ParseAcceptLanguage(h.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return t.list[0]
	}
	_, i, _ := t.matcher.Match(tags...)
	return t.list[i]
}
