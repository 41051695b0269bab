// Package sources finds what an image is made of: kernel and packages on the mirror, in the cache or on this machine,
// overlays beside the profile, commands among those that can be compiled.
package sources

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/oci"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Finder finds kernels and packages.
type Finder struct {
	Cache    *cache.Cache
	Apt      *deb.Apt
	Progress progress.Reporter
	// Epoch is the time that all files of an image bear.
	Epoch time.Time
	// Other is a cache that blobs of container images may come from; nil for none.
	Other *cache.Cache
	// Wants are the container images that a profile asks for, such as those of Wants; nil for none.
	Wants func(*profile.Profile) []spec.ImageWant
}

// Pins are what is to be taken, where that can be had.
type Pins struct {
	// Lock is nil for nothing.
	Lock *lock.Lock
	// File is where the lock lies, for errors.
	File string
	// Strict refuses anything else.
	Strict bool
}

// Found is what came from outside.
type Found struct {
	// Inputs has the kernel, its modules and the packages' files.
	Inputs plan.Inputs
	// Lock pins packages, and a kernel of the user's own.
	Lock *lock.Lock
	// NFT are the files of packages, by path, that nft is made of; nil where it is not a package's, or nobody asks for it.
	NFT map[string]bool
	// Images are container images. PackImages makes them Packed.
	Images []oci.Want
	Packed []oci.Packed
}

// Gather finds the kernel and the packages: what is pinned, else the newest. Errors that have a place in the profile are Problems.
func (f Finder) Gather(ctx context.Context, p *profile.Profile, pins Pins) (Found, error) {
	requested := packageNames(p)
	if p.Kernel.Package != "" {
		requested = slices.Sorted(slices.Values(append(requested, p.Kernel.Package)))
	}
	chosen, err := f.packages(ctx, p, requested, pins)
	if err != nil {
		return Found{}, err
	}
	trees, err := f.Apt.UnpackAll(ctx, chosen)
	if err != nil {
		return Found{}, err
	}
	if err := f.guests(ctx, p, chosen); err != nil {
		return Found{}, err
	}
	out := Found{Lock: &lock.Lock{Requested: requested, Package: pin(chosen)}}
	if out.Inputs, err = f.kernel(ctx, p, trees); err != nil {
		return Found{}, err
	}
	if out.Images, out.Lock.Image, err = f.images(ctx, p, pins); err != nil {
		return Found{}, err
	}
	if p.Kernel.Path != "" {
		out.Lock.Kernel = out.Inputs.Kernel.From.SHA256
	}
	if out.Inputs.Microcode, err = f.microcode(p, trees); err != nil {
		return Found{}, err
	}
	if out.Inputs.Packages, err = pick(p, trees); err != nil {
		return out, err
	}
	if out.Inputs.Authorities, err = f.authorities(out.Inputs.Packages); err != nil || p.Firewall == nil {
		return out, err
	}
	out.NFT, err = neededByNFT(trees)
	return out, err
}

// Opener opens files of an image so that what is read of them is what their hashes name, whatever
// has happened to the cache. overlay opens the rest, which the profile's owner may change at any time.
func (f Finder) Opener(overlay tree.Opener) tree.Opener {
	return func(file tree.File) (io.ReadCloser, error) {
		if file.From.Store == "overlay" {
			return overlay(file)
		}
		return f.Cache.Stream(file.From.Host, file.Size, file.From.SHA256)
	}
}
