package plan

import (
	"slices"

	"github.com/imgbuild/imgbuild/build/tree"
)

// closed says whether not everybody may read a file.
func closed(f tree.File) bool { return f.Mode.IsRegular() && f.Mode&0o004 == 0 }

// Secrets are the absolute paths of the files that overlays bring and not everybody may read. What the profile's own keys
// make secret is in profile.Profile.Secrets; packages are public.
func (p *Plan) Secrets() (paths []string) {
	for _, f := range p.Files {
		if f.From.Store == "overlay" && closed(f) {
			paths = append(paths, "/"+f.Path)
		}
	}
	return paths
}

// Shown is the plan for people and programs to read: of files that not everybody may read in the image, neither the content nor its
// hash, from which a short password could be guessed.
func (p *Plan) Shown() *Plan {
	shown := *p
	shown.Files = shownFiles(p.Files)
	shown.Segments = slices.Clone(p.Segments)
	for i := range shown.Segments {
		shown.Segments[i].Files = shownFiles(shown.Segments[i].Files)
	}
	return &shown
}

func shownFiles(files []tree.File) []tree.File {
	files = slices.Clone(files)
	for i, f := range files {
		if closed(f) && (f.From.Store == "" || f.From.Store == "overlay") {
			files[i].Body, files[i].From.SHA256 = nil, ""
		}
	}
	return files
}
