// Package templates loads and checks the folders that passes are made from.
//
// A template is a folder: template.json (see package render for its two
// dialects), template.yaml with the fields that it declares, the images, and
// xx.lproj folders with a pass.strings and images of a language. [Load] reads
// one from any file system and reports everything that is wrong with it at once,
// with file, line and column. [Lint] goes further: it fills the template with
// sample values and asks package preflight what a phone would say.
//
// Five starter templates are embedded; a folder of the user's shadows the one of
// its name. The package does not know rows, jobs or certificates.
package templates
