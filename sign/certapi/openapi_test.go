package certapi_test

import (
	"flag"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestDocument: the OpenAPI document is served to everybody, and is the one that
// was reviewed; the client in testdata/client was generated of its older form.
func TestDocument(t *testing.T) {
	s := newService(t)
	for path, file := range map[string]string{"/openapi.json": "testdata/openapi.json", "/openapi-3.0.json": "testdata/openapi-3.0.json"} {
		res, err := http.Get(s.URL + path)
		must(t, err)
		got, err := io.ReadAll(res.Body)
		must(t, err)
		res.Body.Close()
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s, %s", path, res.Status, res.Header.Get("Content-Type"))
		}
		if *update {
			must(t, os.WriteFile(file, got, 0o644))
		}
		want, err := os.ReadFile(file)
		must(t, err)
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s\nrun: go test ./sign/certapi -run TestDocument -update, review it, and generate the client again (testdata/client/README.md)", path, diff)
		}
	}
}
