package preflight

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

var imageRules = []Rule{
	{
		ID: "icon", Source: "Apple: Creating the source for a pass", Severity: Refused,
		Phone:   "Pass does not contain icon.png/icon@2x.png/icon@3x.png",
		Message: "the pass has no icon", Fix: "add icon@2x.png, 76 pixels wide and high, and icon@3x.png, 114", Check: checkIcon,
	},
	{
		ID: "image-size", Source: "Human Interface Guidelines; Apple's pages differ among each other", Severity: LooksWrong,
		Fix: "scale it to the points times 1, 2 or 3", Check: checkSizes,
	},
	{
		ID: "image-style", Source: "Human Interface Guidelines", Severity: Advice,
		Fix: "remove it, or choose another style", Check: checkImageStyles,
	},
	{
		ID: "image-scale", Source: "Human Interface Guidelines", Severity: Advice,
		Message: "stands without its @2x and @3x, and looks blurred", Fix: "add them", Check: checkScales,
	},
	{
		ID: "strip-alone", Source: "Apple: Creating the source for a pass", Severity: LooksWrong,
		Message: "stands beside a strip, which shuts it out on event tickets", Fix: "keep the strip, or background and thumbnail", Check: checkStrip,
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

// ImageKinds returns the names, without scale and ending, of the images that a
// pass may hold.
func ImageKinds() []string {
	return []string{"icon", "logo", "primaryLogo", "secondaryLogo", "strip", "thumbnail", "background", "artwork", "footer", "personalizationLogo", "venueMap"}
}

func checkIcon(p *Pass) []Finding {
	for _, img := range p.Images {
		if kind, _ := splitImage(img.Name); kind == "icon" && !strings.Contains(img.Name, "/") {
			return nil
		}
	}
	if !p.images {
		return nil
	}
	return []Finding{{Path: "icon.png"}}
}

func checkSizes(p *Pass) []Finding {
	var found []Finding
	for _, img := range p.Images {
		kind, scale := splitImage(img.Name)
		r, ok := sizes[kind]
		if !ok || img.Width == 0 ||
			within(img.Width, r.minWidth, r.maxWidth, scale) && within(img.Height, r.minHeight, r.maxHeight, scale) {
			continue
		}
		found = append(found, Finding{Path: img.Name, Message: fmt.Sprintf("is %d×%d pixels, but should be %s×%s",
			img.Width, img.Height, span(r.minWidth, r.maxWidth, scale), span(r.minHeight, r.maxHeight, scale))})
	}
	return found
}

func within(pixels, least, most, scale int) bool {
	return pixels >= least*scale && pixels <= most*scale
}

func span(least, most, scale int) string {
	if least == most {
		return fmt.Sprint(most * scale)
	}
	return fmt.Sprintf("%d–%d", least*scale, most*scale)
}

func checkImageStyles(p *Pass) []Finding {
	var found []Finding
	for _, img := range p.Images {
		kind, _ := splitImage(img.Name)
		styles := sizes[kind].styles
		if styles == nil || slices.ContainsFunc(styles, func(s string) bool { return p.Root.Get(s) != nil }) {
			continue
		}
		found = append(found, Finding{Path: img.Name, Message: "is shown on " + strings.Join(styles, ", ") + " only"})
	}
	return found
}

func checkScales(p *Pass) []Finding {
	larger := make(map[string]bool)
	for _, img := range p.Images {
		if kind, scale := splitImage(img.Name); scale > 1 {
			larger[path.Dir(img.Name)+"/"+kind] = true
		}
	}
	var found []Finding
	for _, img := range p.Images {
		if kind, scale := splitImage(img.Name); scale == 1 && !larger[path.Dir(img.Name)+"/"+kind] {
			found = append(found, Finding{Path: img.Name})
		}
	}
	return found
}

func checkStrip(p *Pass) []Finding {
	var found []Finding
	strip := slices.ContainsFunc(p.Images, func(img Image) bool {
		kind, _ := splitImage(img.Name)
		return kind == "strip"
	})
	if !strip || p.Root.Get("eventTicket") == nil {
		return nil
	}
	for _, img := range p.Images {
		if kind, _ := splitImage(img.Name); kind == "background" || kind == "thumbnail" {
			found = append(found, Finding{Path: img.Name})
		}
	}
	return found
}
