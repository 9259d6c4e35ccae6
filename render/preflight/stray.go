package preflight

import (
	"path"
	"slices"
	"strings"

	"passmill/render"
)

var fileRules = []Rule{
	{
		ID: "unknown-file", What: "a file is one that a pass is known to have", Source: "Apple: Building a pass", Severity: Advice,
		Fix: "take it out, unless a new kind of pass needs it", Check: checkStray,
		Fails: []Example{
			{Files: map[string]string{"notes.txt": "x"}, Path: "notes.txt"},
			{Files: map[string]string{"iocn@2x.png": "76x76"}, Path: "iocn@2x.png"},
			{Files: map[string]string{"img/map.pdf": "x"}, Path: "img/map.pdf"},
		},
		Passes: []Example{{Files: map[string]string{"de.lproj/pass.strings": `"Member" = "Mitglied"; "Club card" = "Karte";`}}},
	},
}

var knownFiles = []string{"pass.json", "manifest.json", "signature", "personalization.json", "pass.strings"}

func checkStray(p *Pass) (found []Finding) {
	if p.Files == nil {
		return nil
	}
	for _, name := range p.Files.Names {
		if message := stray(name); message != "" {
			found = append(found, Finding{Path: name, Message: message})
		}
	}
	return found
}

// stray says why a file is not one of a pass; "" if it is one.
func stray(name string) string {
	base, folder := path.Base(name), language(name)
	kind, _ := splitImage(base)
	switch {
	case folder != "" && (!strings.HasSuffix(folder, ".lproj") || strings.Contains(folder, "/")):
		return "lies in a folder that is none of a language (xx.lproj)"
	case slices.Contains(knownFiles, base) && (folder == "") != (base == "pass.strings"):
		return ""
	case path.Ext(base) == ".png" && slices.Contains(ImageKinds(), kind):
		return ""
	case path.Ext(base) == ".pdf" && slices.Contains(ImageKinds(), strings.TrimSuffix(kind, ".pdf")):
		return "" // pass-builder names it, too
	case path.Ext(base) == ".png":
		if near := render.Nearest(kind, ImageKinds()); near != "" {
			return "is no image that a pass is known to have; was " + near + " meant?"
		}
	}
	return "is no file that a pass is known to have"
}
