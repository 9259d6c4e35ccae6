package connect

import (
	"net/url"
	"path/filepath"
)

// SQLite returns the address of a file with the parameters of the driver. A
// plain path would end at a question mark in a folder's name.
func SQLite(path string, params ...string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	if filepath.VolumeName(path) != "" {
		u.Path = "/" + u.Path
	}
	uri := u.String() + "?_dqs=0&_defensive=1&_pragma=busy_timeout(10000)"
	for _, p := range params {
		uri += "&" + p
	}
	return uri
}
