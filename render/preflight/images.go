package preflight

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

var imageRules = []Rule{
	{
		ID: "icon", What: "a pass has an icon", Source: "Apple: Creating the source for a pass; pass-builder RequiredImagesValidator", Severity: Refused,
		Phone: "Pass does not contain icon.png/icon@2x.png/icon@3x.png",
		Fix:   "add icon@2x.png, 76 pixels wide and high, and icon@3x.png, 114", Check: checkIcon,
		Fails:  []Example{{Files: map[string]string{"icon@2x.png": "none", "icon@3x.png": "none"}, Path: "icon.png"}},
		Passes: []Example{{Files: map[string]string{"icon.png": "38x38"}}},
	},
	{
		ID: "image-damaged", What: "a .png file is a PNG image", Source: "Apple: Creating the source for a pass", Severity: Refused,
		Fix: "save the image as PNG again", Check: checkDamaged,
		Fails:  []Example{{Files: map[string]string{"logo@2x.png": "JPEG", "logo@3x.png": "480x150"}, Path: "logo@2x.png"}},
		Passes: []Example{{Files: map[string]string{"logo@2x.png": "320x100", "logo@3x.png": "480x150"}}},
	},
	{
		ID: "image-size", What: "an image has the size of its kind", Source: "Human Interface Guidelines; Apple's pages differ among each other", Severity: LooksWrong,
		Fix: "scale it to the points times 1, 2 or 3", Check: checkSizes,
		Fails:  []Example{{Files: map[string]string{"strip@2x.png": "750x1000", "strip@3x.png": "1125x432"}, Path: "strip@2x.png"}},
		Passes: []Example{{Files: map[string]string{"strip@2x.png": "750x288", "strip@3x.png": "1125x432"}}},
	},
	{
		ID: "image-style", What: "an image is one that the style shows", Source: "Human Interface Guidelines", Severity: Advice,
		Fix: "remove it, or choose another style", Check: checkImageStyles,
		Fails:  []Example{{Files: map[string]string{"footer@2x.png": "536x30", "footer@3x.png": "804x45"}, Path: "footer@2x.png"}},
		Passes: []Example{{Change: `{"boardingPass": {"transitType": "PKTransitTypeAir"}}`, Files: map[string]string{"footer@2x.png": "536x30", "footer@3x.png": "804x45"}}},
	},
}

// A sizeRule is what the Human Interface Guidelines, or older pages, say of an
// image: its points and the styles that show it.
type sizeRule struct {
	minWidth, maxWidth   int
	minHeight, maxHeight int
	styles               []string // nil: all
}

// sizes holds the ranges over all of Apple's pages, since they differ.
var sizes = map[string]sizeRule{
	"icon":                {29, 38, 29, 38, nil},
	"logo":                {1, 160, 1, 50, nil},
	"primaryLogo":         {30, 126, 1, 30, []string{"boardingPass", "eventTicket", "posterGeneric"}},
	"secondaryLogo":       {12, 135, 1, 12, []string{"eventTicket"}},
	"strip":               {312, 375, 84, 144, []string{"coupon", "storeCard", "eventTicket"}},
	"thumbnail":           {60, 90, 60, 90, []string{"eventTicket", "generic"}},
	"background":          {180, 345, 220, 505, []string{"eventTicket"}},
	"artwork":             {358, 358, 448, 448, []string{"eventTicket", "posterGeneric"}},
	"footer":              {1, 286, 1, 15, []string{"boardingPass"}},
	"personalizationLogo": {1, 150, 1, 40, nil},
	"venueMap":            {1, 1 << 20, 1, 1 << 20, []string{"eventTicket"}},
}

// ImageKinds returns the names, without scale and ending, of the images that a
// pass may hold.
func ImageKinds() []string {
	return []string{"icon", "logo", "primaryLogo", "secondaryLogo", "strip", "thumbnail", "background", "artwork", "footer", "personalizationLogo", "venueMap"}
}

// splitImage returns the kind and scale of an image's name: "icon", 2.
func splitImage(name string) (kind string, scale int) {
	kind = strings.TrimSuffix(path.Base(name), ".png")
	for scale, suffix := range map[int]string{2: "@2x", 3: "@3x"} {
		if k, ok := strings.CutSuffix(kind, suffix); ok {
			return k, scale
		}
	}
	return kind, 1
}

// has reports whether a file is there. Nil Files have none.
func (f *Files) has(name string) bool { return f != nil && slices.Contains(f.Names, name) }

// hasImage reports whether an image of a kind is there, in the top folder.
func (f *Files) hasImage(kind string) bool {
	return f != nil && slices.ContainsFunc(f.Images, func(img Image) bool {
		k, _ := splitImage(img.Name)
		return k == kind && language(img.Name) == ""
	})
}

// images returns a finding for each image that wrong objects to.
func (p *Pass) images(wrong func(img Image, kind string, scale int) string) []Finding {
	if p.Files == nil {
		return nil
	}
	var found []Finding
	for _, img := range p.Files.Images {
		kind, scale := splitImage(img.Name)
		if message := wrong(img, kind, scale); message != "" {
			found = append(found, Finding{Path: img.Name, Message: message})
		}
	}
	return found
}

// checkIcon takes an icon of a language for one, as phones are not known to do
// otherwise.
func checkIcon(p *Pass) []Finding {
	if p.Files == nil || p.Files.hasImage("icon") {
		return nil
	}
	return []Finding{{Path: "icon.png", Message: "the pass has no icon"}}
}

func checkDamaged(p *Pass) []Finding {
	return p.images(func(img Image, _ string, _ int) string { return img.Problem })
}

func checkSizes(p *Pass) []Finding {
	return p.images(func(img Image, kind string, scale int) string {
		r, known := sizes[kind]
		if !known || img.Width == 0 ||
			within(img.Width, r.minWidth, r.maxWidth, scale) && within(img.Height, r.minHeight, r.maxHeight, scale) {
			return ""
		}
		return fmt.Sprintf("is %d×%d pixels, but should be %s×%s",
			img.Width, img.Height, pixels(r.minWidth, r.maxWidth, scale), pixels(r.minHeight, r.maxHeight, scale))
	})
}

func within(size, least, most, scale int) bool {
	return size >= least*scale && size <= most*scale
}

func pixels(least, most, scale int) string {
	if least == most {
		return fmt.Sprint(most * scale)
	}
	return fmt.Sprintf("%d–%d", least*scale, most*scale)
}

// checkImageStyles names each kind once, whatever its scales.
func checkImageStyles(p *Pass) []Finding {
	told := make(map[string]bool)
	return p.images(func(_ Image, kind string, _ int) string {
		styles := sizes[kind].styles
		if styles == nil || told[kind] || slices.ContainsFunc(styles, p.has) {
			return ""
		}
		told[kind] = true
		return "is shown on " + strings.Join(styles, ", ") + " only"
	})
}
