package render_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/render"
)

// TestRealPasses compiles the passes of others as templates and fills them:
// their content comes out as it went in, but for what passmill sets.
func TestRealPasses(t *testing.T) {
	paths, err := filepath.Glob("testdata/passes/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no passes found: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			delete(want, "webServiceURL") // passmill takes no literal ones
			delete(want, "authenticationToken")
			template, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			id := identity
			id.TypeID, _ = want["passTypeIdentifier"].(string)
			if team, ok := want["teamIdentifier"].(string); ok {
				id.TeamID = team
			}
			tmpl := compile(t, render.Source{JSON: template}, id)
			files, err := tmpl.Fill(nil, render.Input{Serial: "S"})
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(files[0], &got); err != nil {
				t.Fatal(err)
			}
			want["serialNumber"], want["teamIdentifier"], want["formatVersion"] = "S", id.TeamID, 1.0
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
