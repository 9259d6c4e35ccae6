// Package picture is where the images of rows come from: found beside the source
// or fetched from hosts that the job allows, checked, turned upright and scaled.
//
// It is a room of its own since nothing else in passmill opens what a row names:
// a cell that somebody else has filled in decides here which file is read and
// which machine is asked. An [Album] takes the images of a batch of rows in. A
// [Folder] holds the files and leads nowhere outside. A [Fetcher] asks the hosts
// on its list, and no address within a private network, whatever a name resolves
// to. [Prepare] decodes by content, within bounds, and makes a PNG for each scale
// of a slot; equal bytes give equal files.
//
// The package knows no rows, templates, passes or databases.
package picture
