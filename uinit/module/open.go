package module

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/kmod"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// config joins what the profile and the kernel line say about modules; the line
// comes last, and so wins.
func config(m *spec.Machine, line cmdline.Line) kmod.Config {
	// Bonds are made by name; the module would make a bond0 of its own that is in their way.
	c := kmod.Config{Parameters: map[string]string{"bonding": "max_bonds=0"}, Blacklist: map[string]bool{}}
	normal := func(name string) string { return strings.ReplaceAll(name, "-", "_") }
	for _, name := range graph.Names(m.Module) {
		cfg := m.Module[name]
		var parameters []string
		for _, p := range slices.Sorted(maps.Keys(cfg.Parameters)) {
			parameters = append(parameters, p+"="+cfg.Parameters[p])
		}
		c.Parameters[normal(name)] = strings.TrimSpace(c.Parameters[normal(name)] + " " + strings.Join(parameters, " "))
		c.Blacklist[normal(name)] = cfg.Blacklist
	}
	for name, parameters := range line.Modules() {
		c.Parameters[name] = strings.TrimSpace(c.Parameters[name] + " " + strings.Join(parameters, " "))
	}
	if list, ok := line.Get("modprobe.blacklist"); ok {
		for name := range strings.SplitSeq(list, ",") {
			c.Blacklist[normal(name)] = true
		}
	}
	return c
}

// Open reads the index of the running kernel's modules.
func Open(m *spec.Machine, line cmdline.Line) (*kmod.Loader, *kmod.Index, error) {
	dir, err := kmod.Dir()
	if err != nil {
		return nil, nil, err
	}
	return openIn(dir, m, line)
}

func openIn(dir string, m *spec.Machine, line cmdline.Line) (*kmod.Loader, *kmod.Index, error) {
	index, err := kmod.ReadIndex(os.DirFS(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the modules of %s: %w", dir, err)
	}
	return kmod.NewLoader(index, config(m, line), kmod.System{Dir: dir, Sys: dev.Sys()}), index, nil
}

// AttachUsr mounts /usr where the image has it as a file system, with modules that come before all others. It returns
// nil where there is nothing to mount. A unit of the graph it is not: others would all have to name it, and nothing can
// be done before it.
func AttachUsr(m *spec.Machine, line cmdline.Line) *unit.Outcome {
	start := time.Now()
	tried, err := mount.AttachUsr(func(root, name string) error {
		dir := spec.EarlyDir
		if root != "" {
			at, err := kmod.Dir()
			if err != nil {
				return err
			}
			dir = filepath.Join(root, "usr", at)
		}
		l, _, err := openIn(dir, m, line)
		if err != nil {
			return err
		}
		return l.Load(name)
	})
	switch {
	case err != nil:
		return &unit.Outcome{Name: "usr", State: unit.Failed, Err: err, Start: start, Took: time.Since(start)}
	case tried:
		return &unit.Outcome{Name: "usr", State: unit.OK, Start: start, Took: time.Since(start)}
	}
	return nil
}
