package main

import (
	"context"
	"errors"
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

// moduleConfig joins what the profile and the kernel line say about modules; the line
// comes last, and so wins.
func moduleConfig(m *spec.Machine, line cmdline.Line) kmod.Config {
	// Bonds are made by name; the module would make a bond0 of its own that is in their way.
	c := kmod.Config{Parameters: map[string]string{"bonding": "max_bonds=0"}, Blacklist: map[string]bool{}}
	normal := func(name string) string { return strings.ReplaceAll(name, "-", "_") }
	for _, name := range graph.Names(m.Module) {
		row := m.Module[name]
		var parameters []string
		for _, p := range slices.Sorted(maps.Keys(row.Parameters)) {
			parameters = append(parameters, p+"="+row.Parameters[p])
		}
		c.Parameters[normal(name)] = strings.TrimSpace(c.Parameters[normal(name)] + " " + strings.Join(parameters, " "))
		c.Blacklist[normal(name)] = row.Blacklist
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

// openModules reads the index of the running kernel's modules.
func openModules(m *spec.Machine, line cmdline.Line) (*kmod.Loader, *kmod.Index, error) {
	dir, err := kmod.Dir()
	if err != nil {
		return nil, nil, err
	}
	return modulesIn(dir, m, line)
}

func modulesIn(dir string, m *spec.Machine, line cmdline.Line) (*kmod.Loader, *kmod.Index, error) {
	index, err := kmod.ReadIndex(os.DirFS(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the modules of %s: %w", dir, err)
	}
	return kmod.NewLoader(index, moduleConfig(m, line), kmod.System{Dir: dir}), index, nil
}

// attachUsr mounts /usr where the image has it as a file system, with modules that come before all others. It returns
// nil where there is nothing to mount. A unit of the graph it is not: others would all have to name it, and nothing can
// be done before it.
func attachUsr(m *spec.Machine, line cmdline.Line) *unit.Outcome {
	begin := time.Now()
	tried, err := mount.AttachUsr(func(root, name string) error {
		dir := spec.EarlyDir
		if root != "" {
			at, err := kmod.Dir()
			if err != nil {
				return err
			}
			dir = filepath.Join(root, "usr", at)
		}
		l, _, err := modulesIn(dir, m, line)
		if err != nil {
			return err
		}
		return l.Load(name)
	})
	switch {
	case err != nil:
		return &unit.Outcome{Name: "usr", State: unit.Failed, Err: err, Start: begin, Took: time.Since(begin)}
	case tried:
		return &unit.Outcome{Name: "usr", State: unit.OK, Start: begin, Took: time.Since(begin)}
	}
	return nil
}

// loadModules loads what the profile names.
func (w *worker) loadModules(context.Context) error {
	var failed []error
	for _, name := range graph.Names(w.Machine.Now().Module) {
		if w.Machine.Now().Module[name].Load {
			failed = append(failed, w.Kmod.Load(name))
		}
	}
	return errors.Join(failed...)
}

// coldplug loads drivers for the devices there are, and from then on for those that come.
func (w *worker) coldplug(ctx context.Context) error {
	// Watched from before the walk, so that nothing falls between the two.
	events, stop := w.Events.Watch()
	p := newPlug(w.Kmod, func(alias string, err error) { w.Log.Debug("driver for " + alias + ": " + err.Error()) })
	p.Cold(ctx)
	go func() {
		defer stop()
		p.Hot(w.Life, events)
	}()
	return ctx.Err()
}

// newPlug loads through l. Most devices have no driver in the image, and want none.
func newPlug(l *kmod.Loader, failed func(alias string, err error)) *dev.Plug {
	return &dev.Plug{
		Sys: dev.Sys(),
		Load: func(alias string) {
			if _, err := l.LoadFor(alias); err != nil && !errors.Is(err, kmod.ErrNotFound) {
				failed(alias, err)
			}
		},
		First: func(alias string) bool { return strings.HasPrefix(alias, entropyAlias) },
	}
}

// entropyAlias is a virtio random number generator (include/uapi/linux/virtio_ids.h): what
// blocks in getrandom(2) goes on as soon as it is there.
const entropyAlias = "virtio:d00000004"

// offerModprobe puts modprobe where the kernel calls it (CONFIG_MODPROBE_PATH). The image leaves that to
// uinit: while the kernel starts, drivers of its own ask for modules that they do well without,
// hmac(sha256) above all. Each such call would hold the kernel up until the archive is unpacked, and
// then for as long as a process comes and goes. A modprobe that the image brings stays. Where /usr is a file system
// of its own, the link is in there, and comes with it.
func offerModprobe() error {
	if _, err := os.Stat(spec.UsrImage); err == nil {
		return nil
	}
	if err := os.Symlink("/init", "/sbin/modprobe"); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("making modprobe: %w", err)
	}
	return nil
}

// modprobeMain is /sbin/modprobe. It applies the same parameters as the worker.
func modprobeMain(args []string) int {
	dir, err := kmod.Dir()
	if err == nil {
		var index *kmod.Index
		if index, err = kmod.ReadIndex(os.DirFS(dir)); err == nil {
			m, failed := readMachine(spec.Path)
			if failed != nil {
				m = &spec.Description{} // a kernel in need of a module has no use for that error
			}
			return kmod.Modprobe(index, moduleConfig(&m.Machine, cmdline.Read()), kmod.System{Dir: dir}, args, os.Stderr)
		}
	}
	fmt.Fprintln(os.Stderr, "modprobe:", err)
	return 1
}
