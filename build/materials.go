package build

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild"
	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/build/keymap"
	"github.com/imgbuild/imgbuild/build/licence"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/media"
	"github.com/imgbuild/imgbuild/build/notices"
	"github.com/imgbuild/imgbuild/build/sbom"
	"github.com/imgbuild/imgbuild/build/sources"
	"github.com/imgbuild/imgbuild/build/tree"
)

// usedTools are the packages that this build's media and /usr are made with; the lock may list
// them for a format that was not asked for.
func (i *Image) usedTools() []lock.Package {
	if i.tools == nil && !i.Plan.Squashed() && len(i.images) == 0 && !i.Profile.HasKeymap("") {
		return nil
	}
	return i.Lock.Tool
}

// materials are what the image is made of. It reads nothing.
func (e *Env) materials(i *Image) []notices.Material {
	var all []notices.Material
	if i.Lock.Kernel != "" {
		all = append(all, notices.Material{Part: sbom.Part{Name: "linux", Version: i.Plan.Release, Role: sbom.Contained,
			Purpose: sbom.OperatingSystem, SHA256: i.Lock.Kernel, Source: "a kernel image of the builder's own"},
			Dir: "linux", Find: func(context.Context) (notices.Notice, error) { return notices.Notice{Notice: licence.Linux}, nil }})
	}
	return slices.Concat(all, e.debian(i), e.notices().Images(i.images), e.compiled(i))
}

func (e *Env) notices() notices.Finder {
	return notices.Finder{Cache: e.Cache, Apt: e.Apt, Go: e.Go, Progress: e.Progress}
}

// debian are the image's Debian packages. Those of which no file is in the image are
// left out: they were resolved, looked through and not used.
func (e *Env) debian(i *Image) (all []notices.Material) {
	used := map[string]bool{}
	for _, name := range i.Profile.Kernel.Microcode { // joined into files of our own making
		used[name] = true
	}
	for _, f := range append([]tree.File{i.Plan.Kernel}, i.Plan.Files...) {
		if f.From.Store == "package" {
			used[f.From.Name] = true
		}
	}
	add := func(p lock.Package, role sbom.Role, among []lock.Package) {
		all = append(all, notices.Material{Part: debian(p, role), Dir: path.Join("debian", p.Name), Find: func(ctx context.Context) (notices.Notice, error) {
			return e.notices().Package(ctx, sources.Unpin(among), sources.Unpin([]lock.Package{p})[0])
		}})
	}
	for _, p := range i.Lock.Package {
		if used[p.Name] {
			add(p, sbom.Contained, i.Lock.Package)
		}
	}
	for _, p := range i.usedTools() {
		role := sbom.Tool
		if media.OnMedia(p.Name) || p.Name == keymap.Data {
			role = sbom.Contained
		}
		if !used[p.Name] || !slices.Contains(i.Lock.Package, p) { // else it is listed already
			add(p, role, i.Lock.Tool)
		}
	}
	return all
}

// compiled are imgbuild, of which the image has the init and more, Go and Go modules.
func (e *Env) compiled(i *Image) (all []notices.Material) {
	modules := make([]gobin.Module, len(i.Lock.Module))
	for n, m := range i.Lock.Module {
		modules[n] = gobin.Module(m)
	}
	var once sync.Once // what is missing is fetched all at once
	var found map[string]notices.Notice
	var err error
	add := func(p sbom.Part, dir, name string) {
		all = append(all, notices.Material{Part: p, Dir: dir, Find: func(ctx context.Context) (notices.Notice, error) {
			once.Do(func() { found, err = e.notices().Modules(ctx, i.Lock.Go, modules) })
			return found[name], err
		}})
	}
	if !slices.ContainsFunc(modules, func(m gobin.Module) bool { return m.Path == imgbuild.Module }) {
		all = append(all, notices.Material{Part: sbom.Part{Name: imgbuild.Module, Role: sbom.Contained, Purpose: "APPLICATION", PURL: sbom.GoPURL(imgbuild.Module, ""),
			Source: "the init, commands and overlays that imgbuild brings"}, Dir: "imgbuild", Find: func(ctx context.Context) (notices.Notice, error) {
			return e.notices().Single(ctx, "imgbuild", licence.File{Name: "LICENSE", Body: imgbuild.License})
		}})
	}
	version := strings.TrimPrefix(i.Lock.Go, "go")
	add(sbom.Part{Name: "go", Version: version, Role: sbom.Contained, Purpose: sbom.Library, PURL: sbom.GoPURL("stdlib", version),
		Source: "the Go standard library and runtime"}, path.Join("go", "stdlib@"+version), notices.Go)
	for _, m := range modules {
		p := sbom.Part{Name: m.Path, Version: m.Version, Role: sbom.Contained, Purpose: sbom.Library, PURL: sbom.GoPURL(m.Path, m.Version)}
		if m.Sum != "" {
			p.Source = "go.sum: " + m.Sum
		}
		add(p, path.Join("go", m.String()), m.String())
	}
	return all
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
