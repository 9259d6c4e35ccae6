package jobs_test

import (
	"strings"
	"testing"
	"time"

	"passmill/jobs"
)

const linkJob = "template: storecard\nsource: {file: members.csv}\nserial: MemberID\n"

// TestLinksSpec: links are said in one word or in several, in a file and in a sheet, and
// a job that has them needs no output folder.
func TestLinksSpec(t *testing.T) {
	for text, want := range map[string]jobs.LinksSpec{
		"links: true":                          {Kind: jobs.LinkPlain},
		"links: plain":                         {Kind: jobs.LinkPlain},
		"links: sealed":                        {Kind: jobs.LinkSealed},
		"links: {expires: 30d}":                {Kind: jobs.LinkPlain, Expires: "30d"},
		"links: {kind: sealed, uses: 5}":       {Kind: jobs.LinkSealed, Uses: 5},
		"links: {android: true, longest: 800}": {Kind: jobs.LinkPlain, Android: true, Longest: 800},
	} {
		job, err := jobs.ParseJob([]byte(linkJob+text), "members.yaml")
		if err != nil || job.Links != want || !job.Planned() {
			t.Errorf("%s: %+v, %v", text, job, err)
			continue
		}
		again, err := jobs.ParseJob(job.Text(), "members.yaml")
		if err != nil || again.Links != want {
			t.Errorf("%s, written as\n%s: %+v, %v", text, job.Text(), again, err)
		}
	}
	for text, want := range map[string]string{
		"links: false":                    "output: dir: is missing",
		"links: secret":                   `links: kind: "secret" is no kind of links`,
		"links: {kind: plain, expire: 3}": "unknown",
		"links: {expires: a month}":       `links: expires: "a month" is no number of days`,
		"links: {uses: -1}":               "links: uses: is below zero",
		"links: {longest: 20}":            "links: longest: is 20",
	} {
		if _, err := jobs.ParseJob([]byte(linkJob+text), "members.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if while, err := jobs.Days("30d").Duration(); err != nil || while != 30*24*time.Hour {
		t.Errorf("%v, %v", while, err)
	}
	var settings []jobs.Setting
	for key, value := range map[string]string{"template": "storecard", "serial": "MemberID", "source.file": "m.csv", "links": "sealed", "links.expires": "30d", "links.uses": "2"} {
		settings = append(settings, jobs.Setting{Key: key, Value: jobs.Cell{Text: value, Kind: jobs.TextCell}})
	}
	job, err := jobs.ParseSettings(settings, func(*jobs.Job) {}, jobs.Origin{})
	if err != nil || job.Links != (jobs.LinksSpec{Kind: jobs.LinkSealed, Expires: "30d", Uses: 2}) {
		t.Errorf("from a sheet: %+v, %v", job, err)
	}
}
