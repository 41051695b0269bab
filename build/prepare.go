package build

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Options say how strictly a build keeps to what is pinned.
type Options struct {
	// LockFile is where the lock lies; there need not be one.
	LockFile string
	// Locked refuses to build anything but what the lock pins.
	Locked bool
	// Update passes the lock over and takes the newest there is.
	Update bool
	// pinned is a lock that is not in a file.
	pinned *lock.Lock
}

// lock is what the build keeps to; nil for nothing.
func (o Options) lock() (*lock.Lock, error) {
	if o.pinned != nil {
		return o.pinned, nil
	}
	pinned, err := lock.Read(o.LockFile)
	switch {
	case err != nil || o.Update:
		return nil, err
	case o.Locked && pinned == nil:
		return nil, fmt.Errorf("building --locked: there is no %s; \"imgbuild lock\" writes it", o.LockFile)
	}
	return pinned, nil
}

// Image is a profile with everything found that it asks for: a plan, and
// where its bytes come from.
type Image struct {
	Profile *profile.Profile
	Plan    *plan.Plan
	// Lock pins what was found.
	Lock *lock.Lock
	open opener
	// forRules is material's.
	forRules map[string]bool
	// tools and signer are nil where the formats and the profile ask for none.
	tools  *mediaTools
	signer *signer
}

// Prepare resolves, fetches and compiles what the profile asks for, and plans the
// image. With a warm cache it reads nothing but the cache.
func (e *Env) Prepare(ctx context.Context, p *profile.Profile, o Options) (image *Image, err error) {
	err = e.Cache.Mend(func() error {
		image, err = e.prepare(ctx, p, o)
		return err
	})
	return image, err
}

func (e *Env) prepare(ctx context.Context, p *profile.Profile, o Options) (*Image, error) {
	if err := Check(p); err != nil {
		return nil, err
	}
	pinned, err := o.lock()
	if err != nil {
		return nil, err
	}
	commands, names := expand(p)
	var (
		material       material
		tools          *mediaTools
		toolLock       *lock.Lock
		uinit, busybox gobin.Binary
	)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		// One after the other: apt serves one at a time.
		if material, err = e.gather(gctx, p, pinned, o); err != nil {
			return err
		}
		squashed, err := plan.SquashesUsr(p, material.inputs.Modules)
		if err == nil {
			tools, toolLock, err = e.tools(gctx, p, squashed, pinned, o)
		}
		return err
	})
	g.Go(func() (err error) {
		uinit, err = e.Go.Uinit(gctx, features.Without(p.Description())...)
		if err == nil && len(commands) > 0 {
			busybox, err = e.Go.Busybox(gctx, commands)
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	now := material.lock
	now.Tools, now.Tool = toolLock.Tools, toolLock.Tool
	now.Go, now.Module = uinit.GoVersion, modulesOf(uinit, busybox)
	if o.Locked {
		if drift := pinned.Diff(now); len(drift) > 0 {
			return nil, fmt.Errorf("building --locked: %s pins something else:\n  %s\n\"imgbuild lock\" accepts the change", o.LockFile, strings.Join(drift, "\n  "))
		}
	}
	signer, err := openSigner(p)
	if err != nil {
		return nil, err
	}
	overlays, open, err := openOverlays(p)
	if err != nil {
		return nil, err
	}
	material.inputs.Overlays = overlays
	material.inputs.Commands, material.inputs.Epoch = names, e.Epoch
	material.inputs.Uinit, material.inputs.Busybox = program("uinit", uinit), program("busybox", busybox)
	made, err := plan.Make(p, material.inputs)
	if err != nil {
		return nil, place(p, err)
	}
	return &Image{Profile: p, Plan: made, Lock: now, open: e.checked(open), forRules: material.forRules, tools: tools, signer: signer}, nil
}

// program is a compiled program as a file of the image.
func program(name string, b gobin.Binary) tree.File {
	return tree.File{Size: b.Size, From: tree.Source{Store: "go", Name: name, Host: b.Path, SHA256: b.SHA256}}
}

// modulesOf lists the Go modules of all programs once.
func modulesOf(programs ...gobin.Binary) []lock.Module {
	var out []lock.Module
	for _, b := range programs {
		for _, m := range b.Modules {
			out = append(out, lock.Module{Path: m.Path, Version: m.Version, Sum: m.Sum})
		}
	}
	slices.SortFunc(out, func(a, b lock.Module) int {
		return strings.Compare(a.Path+" "+a.Version, b.Path+" "+b.Version)
	})
	return slices.Compact(out)
}
