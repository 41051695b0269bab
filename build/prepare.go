package build

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/build/keymap"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/media"
	"github.com/imgbuild/imgbuild/build/oci"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/build/sources"
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

// pins are what the build keeps to.
func (o Options) pins() (sources.Pins, error) {
	pins := sources.Pins{Lock: o.pinned, File: o.LockFile, Strict: o.Locked}
	if o.pinned != nil {
		return pins, nil
	}
	pinned, err := lock.Read(o.LockFile)
	switch {
	case err != nil || o.Update:
		return pins, err
	case o.Locked && pinned == nil:
		return pins, fmt.Errorf("building --locked: there is no %s; \"imgbuild lock\" writes it", o.LockFile)
	}
	pins.Lock = pinned
	return pins, nil
}

// Image is a profile with everything found that it asks for: a plan, and
// where its bytes come from.
type Image struct {
	Profile *profile.Profile
	Plan    *plan.Plan
	// Lock pins what was found.
	Lock *lock.Lock
	// open opens files of the plan.
	open tree.Opener
	// nft is sources.Found's.
	nft map[string]bool
	// images are the container images in it.
	images []oci.Packed
	// tools and signer are nil where the formats and the profile ask for none.
	tools  *media.Tools
	signer *media.Signer
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
	warnings, err := Check(p)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		e.Progress.Note("%s", w)
	}
	pins, err := o.pins()
	if err != nil {
		return nil, err
	}
	compiled, commands := sources.Commands(p)
	image := &Image{Profile: p}
	var found sources.Found
	var uinit, busybox gobin.Binary
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		found, err = e.find(gctx, image, pins)
		return err
	})
	g.Go(func() (err error) {
		uinit, err = e.Go.Uinit(gctx, features.Without(p.Description())...)
		if err == nil && len(compiled) > 0 {
			busybox, err = e.Go.Busybox(gctx, compiled)
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	image.Lock, image.nft, image.images = found.Lock, found.NFT, found.Packed
	image.Lock.Go, image.Lock.Module = uinit.GoVersion, sources.Modules(uinit, busybox)
	if o.Locked {
		if drift := pins.Lock.Diff(image.Lock); len(drift) > 0 {
			return nil, fmt.Errorf("building --locked: %s pins something else:\n  %s\n\"imgbuild lock\" accepts the change", o.LockFile, strings.Join(drift, "\n  "))
		}
	}
	if image.signer, err = media.OpenSigner(p); err != nil {
		return nil, err
	}
	in := found.Inputs
	in.Commands, in.Areas, in.Epoch = commands, sources.Areas(), e.Epoch
	in.Uinit, in.Busybox = program("uinit", uinit), program("busybox", busybox)
	var overlay tree.Opener
	if in.Overlays, overlay, err = sources.Overlays(p); err != nil {
		return nil, err
	}
	image.open = e.finder().Opener(overlay)
	if image.Plan, err = plan.Make(p, in); err != nil {
		return nil, sources.Place(p, err)
	}
	if len(image.Plan.LackingFirmware()) > 0 {
		image.Plan.Firmware, err = e.Apt.Firmware(ctx)
	}
	return image, err
}

// find finds what is not compiled, and the tools that the image is put together with. It does one after the other: apt serves
// one at a time.
func (e *Env) find(ctx context.Context, image *Image, pins sources.Pins) (sources.Found, error) {
	p := image.Profile
	found, err := e.finder().Gather(ctx, p, pins)
	if err != nil {
		return found, err
	}
	squashed, err := plan.SquashesUsr(p, found.Inputs.Modules)
	if err != nil {
		return found, err
	}
	names := media.Packages(p)
	if squashed || len(found.Images) > 0 {
		names = append(names, segments.Tools)
	}
	if p.HasKeymap("") {
		names = append(names, keymap.Data, keymap.Tools)
	}
	tools, err := e.finder().Tools(ctx, names, pins, func(packages []deb.Package) (err error) {
		if found.Inputs.Keymaps, err = (keymap.Maker{Cache: e.Cache, Apt: e.Apt}).Maps(ctx, p, packages); err != nil {
			return err
		}
		if err := e.finder().PackImages(ctx, p, &found, packages); err != nil {
			return err
		}
		image.tools, err = e.maker().Tools(ctx, p, packages)
		return err
	})
	if err != nil {
		return found, err
	}
	found.Lock.Tools, found.Lock.Tool = tools.Tools, tools.Tool
	return found, nil
}

func (e *Env) finder() sources.Finder {
	return sources.Finder{Cache: e.Cache, Apt: e.Apt, Progress: e.Progress, Epoch: e.Epoch, Other: e.other, Wants: e.wants}
}

func (e *Env) maker() media.Maker {
	return media.Maker{Cache: e.Cache, Apt: e.Apt, Progress: e.Progress, Epoch: e.Epoch}
}

func (e *Env) packer(i *Image) segments.Packer {
	return segments.Packer{Cache: e.Cache, Apt: e.Apt, Progress: e.Progress, Epoch: e.Epoch, Open: i.open, Tools: sources.Unpin(i.Lock.Tool)}
}

// program is a compiled program as a file of the image.
func program(name string, b gobin.Binary) tree.File {
	return tree.File{Size: b.Size, From: tree.Source{Store: "go", Name: name, Host: b.Path, SHA256: b.SHA256}}
}
