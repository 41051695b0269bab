package build

import (
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/build/tree"
)

// Manifest describes an image: what it is made of and what came out. It holds no
// times and no paths of the machine that built it.
type Manifest struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Summary  string `json:"summary,omitempty"`
	Kernel   string `json:"kernel"`
	Cmdline  string `json:"cmdline"`
	Modules  int    `json:"modules"`
	Files    int    `json:"files"`
	Unpacked int64  `json:"unpacked_bytes"`
	// Segments of the initramfs in their order, with their size as packed.
	Segments  []SegmentSize  `json:"segments"`
	Artifacts []Entry        `json:"artifacts"`
	Packages  []lock.Package `json:"packages"`
	// Tools are the packages that media are made with.
	Tools []lock.Package `json:"tools,omitempty"`
	// Images are the container images in it.
	Images    []lock.Image  `json:"images,omitempty"`
	Go        string        `json:"go"`
	GoModules []lock.Module `json:"go_modules"`
}

// SegmentSize is what a part of the initramfs costs.
type SegmentSize struct {
	Name     string `json:"name"`
	Files    int    `json:"files"`
	Unpacked int64  `json:"unpacked_bytes"`
	Packed   int64  `json:"packed_bytes"`
}

// Entry is an artifact without its place on this machine.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (i *Image) manifest(packed []segments.Packed, made []Artifact) Manifest {
	p := i.Plan
	m := Manifest{Name: p.Name, Version: p.Version, Summary: i.Profile.Summary, Kernel: p.Release, Cmdline: p.Cmdline,
		Modules: len(p.Modules), Files: len(p.Files), Segments: i.sizes(packed),
		Packages: i.Lock.Package, Tools: i.usedTools(), Images: i.Lock.Image, Go: i.Lock.Go, GoModules: i.Lock.Module}
	for _, s := range m.Segments {
		m.Unpacked += s.Unpacked
	}
	for _, a := range made {
		m.Artifacts = append(m.Artifacts, Entry{a.Name, a.Size, a.SHA256})
	}
	return m
}

func (i *Image) sizes(packed []segments.Packed) []SegmentSize {
	out := make([]SegmentSize, len(packed))
	for n, s := range i.Plan.Segments {
		out[n] = SegmentSize{Name: s.Name, Files: len(s.Files), Unpacked: tree.Size(s.Files), Packed: packed[n].Size}
	}
	return out
}
