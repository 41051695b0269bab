package build

import (
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/media"
	"github.com/imgbuild/imgbuild/build/sbom"
	"github.com/imgbuild/imgbuild/build/tree"
)

// usedTools are the packages that this build's media and /usr are made with; the lock may list
// them for a format that was not asked for.
func (i *Image) usedTools() []lock.Package {
	if i.tools == nil && !i.Plan.Squashed() {
		return nil
	}
	return i.Lock.Tool
}

// sbom says what the image is made of. Packages of which no file is in the image are
// left out: they were resolved, looked through and not used.
func (i *Image) sbom(created time.Time) []byte {
	m := sbom.Image{Name: i.Plan.Name, Summary: i.Profile.Summary, Created: created}
	used := map[string]bool{}
	for _, f := range append([]tree.File{i.Plan.Kernel}, i.Plan.Files...) {
		if f.From.Store == "package" {
			used[f.From.Name] = true
		}
	}
	if i.Lock.Kernel != "" {
		m.Parts = append(m.Parts, sbom.Part{Name: "linux", Version: i.Plan.Release, Role: sbom.Contained,
			Purpose: sbom.OperatingSystem, SHA256: i.Lock.Kernel, Source: "a kernel image of the builder's own"})
	}
	for _, p := range i.Lock.Package {
		if used[p.Name] {
			m.Parts = append(m.Parts, debian(p, sbom.Contained))
		}
	}
	for _, p := range i.usedTools() {
		role := sbom.Tool
		if media.OnMedia(p.Name) {
			role = sbom.Contained
		}
		if !used[p.Name] || !slices.Contains(i.Lock.Package, p) { // else it is listed already
			m.Parts = append(m.Parts, debian(p, role))
		}
	}
	m.Parts = append(m.Parts, sbom.Part{Name: "go", Version: strings.TrimPrefix(i.Lock.Go, "go"), Role: sbom.Contained,
		Purpose: sbom.Library, PURL: sbom.GoPURL("stdlib", strings.TrimPrefix(i.Lock.Go, "go")), Source: "the Go standard library and runtime"})
	for _, mod := range i.Lock.Module {
		p := sbom.Part{Name: mod.Path, Version: mod.Version, Role: sbom.Contained, Purpose: sbom.Library, PURL: sbom.GoPURL(mod.Path, mod.Version)}
		if mod.Sum != "" {
			p.Source = "go.sum: " + mod.Sum
		}
		m.Parts = append(m.Parts, p)
	}
	return sbom.Write(m)
}

func debian(p lock.Package, role sbom.Role) sbom.Part {
	purpose := "APPLICATION"
	switch {
	case strings.HasPrefix(p.Name, "linux-image-"):
		purpose = sbom.OperatingSystem
	case strings.HasPrefix(p.Name, "lib"):
		purpose = sbom.Library
	}
	return sbom.Part{Name: p.Name, Version: p.Version, Role: role, Purpose: purpose,
		PURL: sbom.DebianPURL(p.Name, p.Version, p.Arch), SHA256: p.SHA256, Source: "Debian package " + p.Name + "_" + p.Version + "_" + p.Arch + ".deb"}
}
