package verify

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
)

// checkManifest compares every file with the manifest. "Building a Pass": a
// JSON object with the SHA-1 hash of every file but itself and the signature.
func (r *Report) checkManifest(b *bundle) {
	data, ok := b.files["manifest.json"]
	if !ok {
		if !b.has("manifest.json") {
			r.add("no-manifest", "the pass has no manifest.json")
		}
		return
	}
	r.Manifest = sha256.Sum256(data)
	doc := decode(data)
	listed, ok := doc.value.(map[string]any)
	if doc.err != nil || !ok {
		r.add("manifest-malformed", "manifest.json is not a JSON object%s", doc.where())
		return
	}
	for _, key := range doc.duplicates {
		r.add("manifest-duplicate", "manifest.json lists %q twice", key)
	}
	for _, name := range b.names {
		r.checkListed(b, name, listed)
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if !b.has(name) {
			r.add("file-missing", "manifest.json lists %q, which is not in the pass", name)
		}
	}
}

// checkListed compares one file with its hash in the manifest.
func (r *Report) checkListed(b *bundle, name string, listed map[string]any) {
	if name == "manifest.json" || name == "signature" {
		return
	}
	value, ok := listed[name]
	if !ok {
		r.add("not-in-manifest", "%q is not listed in manifest.json", name)
		return
	}
	content, ok := b.files[name]
	if !ok {
		return // not readable, and reported
	}
	text, _ := value.(string)
	want, err := hex.DecodeString(text)
	got := sha1.Sum(content) // the format asks for SHA-1
	if err != nil || !bytes.Equal(want, got[:]) {
		r.add("hash-differs", "%q is not what was signed: its SHA-1 is %x, manifest.json says %q", name, got, short(text))
	}
}

// short cuts a text of a stranger for a message.
func short(s string) string {
	const limit = 80
	if len(s) > limit {
		return s[:limit] + "…"
	}
	return s
}
