package preflight

import (
	"slices"
	"strings"
)

var imageSetRules = []Rule{
	{
		ID: "image-scale", What: "an image is there at @2x and at @3x", Severity: Advice,
		Source: "Human Interface Guidelines; pass-builder RequiredImagesValidator",
		Fix:    "add it, or phones scale another one", Check: checkScales,
		Fails: []Example{
			{Files: map[string]string{"logo.png": "160x50"}, Path: "logo.png"},
			{Files: map[string]string{"icon@3x.png": "none"}, Path: "icon@2x.png"},
		},
		Passes: []Example{{Files: map[string]string{"logo@2x.png": "320x100", "logo@3x.png": "480x150"}}},
	},
	{
		ID: "image-languages", What: "an image has the same scales in all languages", Source: "Apple: Creating the source for a pass", Severity: LooksWrong,
		Fix: "add what lacks", Check: checkLanguages,
		Fails: []Example{{
			Files: map[string]string{
				"de.lproj/strip@2x.png": "750x288", "de.lproj/strip@3x.png": "1125x432", "de.lproj/strip.png": "375x144",
				"en.lproj/strip@2x.png": "750x288", "en.lproj/strip@3x.png": "1125x432",
			},
			Path: "en.lproj/strip.png",
		}},
		Passes: []Example{{Files: map[string]string{
			"de.lproj/strip@2x.png": "750x288", "de.lproj/strip@3x.png": "1125x432", "en.lproj/strip@2x.png": "750x288", "en.lproj/strip@3x.png": "1125x432",
		}}},
	},
	{
		ID: "image-shadowed", What: "an image of a language has no namesake in the top folder", Source: "Apple: Creating the source for a pass", Severity: LooksWrong,
		Fix: "remove one of them", Check: checkShadowed,
		Fails: []Example{{
			Files: map[string]string{
				"strip@2x.png": "750x288", "strip@3x.png": "1125x432", "de.lproj/strip@2x.png": "750x288", "de.lproj/strip@3x.png": "1125x432",
			},
			Path: "de.lproj/strip@2x.png",
		}},
		Passes: []Example{{Files: map[string]string{"de.lproj/strip@2x.png": "750x288", "de.lproj/strip@3x.png": "1125x432"}}},
	},
	{
		ID: "strip-alone", What: "an event ticket with a strip has neither background nor thumbnail", Source: "Apple: Creating the source for a pass", Severity: LooksWrong,
		Fix: "keep the strip, or background and thumbnail", Check: checkStrip,
		Fails: []Example{{
			Change: `{"eventTicket": {}}`,
			Files: map[string]string{
				"strip@2x.png": "750x288", "strip@3x.png": "1125x432", "thumbnail@2x.png": "180x180", "thumbnail@3x.png": "270x270",
			},
			Path: "thumbnail@2x.png",
		}},
		Passes: []Example{{Change: `{"eventTicket": {}}`, Files: map[string]string{"thumbnail@2x.png": "180x180", "thumbnail@3x.png": "270x270"}}},
	},
}

// A set is an image at all of its scales, in one folder.
type set struct {
	folder, kind string // "de.lproj", "" for the top one
	first        string // the name of one of its files
	scales       [4]bool
}

// sets groups the images that a pass is known to have.
func (f *Files) sets() []*set {
	if f == nil {
		return nil
	}
	var all []*set
	for _, img := range f.Images {
		kind, scale := splitImage(img.Name)
		folder := language(img.Name)
		if _, known := sizes[kind]; !known || folder != "" && !strings.HasSuffix(folder, ".lproj") {
			continue
		}
		i := slices.IndexFunc(all, func(s *set) bool { return s.folder == folder && s.kind == kind })
		if i < 0 {
			i = len(all)
			all = append(all, &set{folder: folder, kind: kind, first: img.Name})
		}
		all[i].scales[scale] = true
	}
	return all
}

var suffixes = [4]string{1: "", 2: "@2x", 3: "@3x"}

// name returns the file of a scale.
func (s *set) name(scale int) string {
	name := s.kind + suffixes[scale] + ".png"
	if s.folder != "" {
		name = s.folder + "/" + name
	}
	return name
}

func checkScales(p *Pass) (found []Finding) {
	for _, s := range p.Files.sets() {
		var missing []string
		for scale := 2; scale <= 3; scale++ {
			if !s.scales[scale] {
				missing = append(missing, suffixes[scale])
			}
		}
		if missing != nil {
			found = append(found, Finding{Path: s.first, Message: "stands without its " + strings.Join(missing, " and ") + ", and looks blurred"})
		}
	}
	return found
}

func checkLanguages(p *Pass) (found []Finding) {
	all := p.Files.sets()
	for _, s := range all {
		if s.folder == "" {
			continue
		}
		for scale := 1; scale <= 3; scale++ {
			elsewhere := slices.ContainsFunc(all, func(o *set) bool { return o.folder != "" && o.kind == s.kind && o.scales[scale] })
			if elsewhere && !s.scales[scale] {
				found = append(found, Finding{Path: s.name(scale), Message: "is missing, but another language has it"})
			}
		}
	}
	return found
}

func checkShadowed(p *Pass) (found []Finding) {
	all := p.Files.sets()
	for _, s := range all {
		if s.folder != "" && slices.ContainsFunc(all, func(o *set) bool { return o.folder == "" && o.kind == s.kind }) {
			found = append(found, Finding{Path: s.first, Message: "is never shown, since the folder above has a " + s.kind + " too, which wins"})
		}
	}
	return found
}

func checkStrip(p *Pass) (found []Finding) {
	if !p.has("eventTicket") {
		return nil
	}
	all := p.Files.sets()
	if !slices.ContainsFunc(all, func(s *set) bool { return s.kind == "strip" }) {
		return nil
	}
	for _, s := range all {
		if s.kind == "background" || s.kind == "thumbnail" {
			found = append(found, Finding{Path: s.first, Message: "stands beside a strip, which shuts it out on event tickets"})
		}
	}
	return found
}
