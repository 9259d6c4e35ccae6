package sign_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passmill/sign"
)

// TestAbsent checks every choice of files that a pass may lack: it is byte for
// byte the pass of an archive that never heard of them.
func TestAbsent(t *testing.T) {
	constant := map[string][]byte{"icon.png": []byte("icon"), "m.png": []byte("middle")}
	for _, shared := range []map[string][]byte{constant, nil} {
		names := []string{"pass.json", "a.png", "thumbnail.png", "zz.lproj/pass.strings"}
		a, err := sign.NewArchive(shared, names)
		if err != nil {
			t.Fatal(err)
		}
		packed := map[string]int{}
		for choice := range 1 << len(names) {
			contents := make([][]byte, len(names))
			var only []string
			var theirs [][]byte
			for i, name := range names {
				if choice>>i&1 == 1 {
					contents[i] = fmt.Appendf(nil, "%s", name)
					only, theirs = append(only, name), append(theirs, contents[i])
				}
			}
			b, err := sign.NewArchive(shared, only)
			if err != nil {
				t.Fatal(err)
			}
			manifest := a.Manifest(contents)
			if diff := cmp.Diff(string(b.Manifest(theirs)), string(manifest)); diff != "" {
				t.Errorf("manifest with %v (-want +got):\n%s", only, diff)
			}
			data := a.Pack(nil, contents, manifest, []byte("signature"))
			if want := b.Pack(nil, theirs, manifest, []byte("signature")); !bytes.Equal(data, want) {
				t.Errorf("the archive with %v is another one than that without the others", only)
			}
			if sig, ok := a.Same(data, contents, manifest); !ok || string(sig) != "signature" {
				t.Errorf("the pass with %v is not known again", only)
			}
			packed[string(data)] = choice
		}
		if len(packed) != 1<<len(names) {
			t.Errorf("%d archives of %d choices", len(packed), 1<<len(names))
		}
		for data := range packed { // one choice's contents don't pass for another's
			contents := [][]byte{[]byte("pass.json"), nil, nil, nil}
			if _, ok := a.Same([]byte(data), contents, a.Manifest(contents)); ok != (packed[data] == 1) {
				t.Errorf("the pass of choice %b passes for one with pass.json alone", packed[data])
			}
		}
	}
}

// TestEmptyIsNotAbsent checks that a file without contents is a file.
func TestEmptyIsNotAbsent(t *testing.T) {
	a, err := sign.NewArchive(nil, []string{"pass.json", "empty"})
	if err != nil {
		t.Fatal(err)
	}
	contents := [][]byte{[]byte("{}"), {}}
	data := a.Pack(nil, contents, a.Manifest(contents), nil)
	if _, there := files(t, data)["empty"]; !there {
		t.Error("the empty file is not in the archive")
	}
}
