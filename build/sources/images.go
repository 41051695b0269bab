package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/oci"
	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/build/unpacked"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Wants are the container images that features want of a machine, by the names of their descriptions.
func Wants(p *profile.Profile) (all []spec.ImageWant) {
	for _, f := range features.All() {
		if f.Images != nil {
			all = append(all, f.Images(&p.Machine)...)
		}
	}
	slices.SortFunc(all, func(a, b spec.ImageWant) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// images finds the container images: those that are pinned, else what their references mean now.
func (f Finder) images(ctx context.Context, p *profile.Profile, pins Pins) (wants []oci.Want, pinned []lock.Image, err error) {
	if f.Wants == nil {
		return nil, nil, nil
	}
	var problems profile.Problems
	for _, w := range f.Wants(p) {
		image, err := f.image(ctx, p, w, pins)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			if damaged(err) {
				return nil, nil, err
			}
			problems = append(problems, profile.Problem{Pos: p.At(w.Key), Key: w.Key, Msg: err.Error()})
			continue
		}
		wants = append(wants, oci.Want{ImageWant: w, Image: image})
		pinned = append(pinned, lock.Image{Reference: w.Reference, Digest: image.Pin})
	}
	slices.SortFunc(pinned, func(a, b lock.Image) int { return cmp.Compare(a.Reference, b.Reference) })
	return wants, slices.Compact(pinned), problems.Sort().Err()
}

// image finds one. A digest in the profile goes before the lock's, which is drift; one on this machine is what it is.
func (f Finder) image(ctx context.Context, p *profile.Profile, w spec.ImageWant, pins Pins) (image *oci.Image, err error) {
	ref, err := oci.Parse(w.Reference)
	if err != nil {
		return nil, err
	}
	pin := pins.Lock.Pinned(w.Reference)
	if pins.Strict && pin == "" {
		return nil, fmt.Errorf("building --locked: %s pins no image %s; \"imgbuild lock\" pins it", pins.File, w.Reference)
	}
	if pins.Strict && ref.Digest != "" && ref.Digest != pin {
		return nil, fmt.Errorf("building --locked: %s pins %s of it; \"imgbuild lock\" accepts the change", pins.File, pin)
	}
	if ref.Registry != "" {
		image, err = f.remote(ctx, ref, pin, pins.Strict)
	} else {
		image, err = openImage(ctx, p, w.Key, ref)
	}
	if err == nil && pin != "" && image.Pin != pin {
		if pins.Strict {
			return nil, fmt.Errorf("building --locked: it is %s, and %s pins %s; \"imgbuild lock\" accepts the change", image.Pin, pins.File, pin)
		}
		f.Progress.Note("not as locked: image %s: %s → %s", w.Reference, pin, image.Pin)
	}
	return image, err
}

// remote reads an image of a registry. What is pinned and not there any more is taken anew, as packages are.
func (f Finder) remote(ctx context.Context, ref oci.Reference, pin string, strict bool) (*oci.Image, error) {
	from := oci.Registries{Cache: f.Cache, Other: f.Other, Progress: f.Progress, Refresh: f.Apt.Refresh}
	image, err := from.Open(ctx, ref, pin)
	if pin == "" || ref.Digest != "" || !oci.Gone(err) {
		return image, err
	}
	if strict {
		return nil, fmt.Errorf("building --locked: %w; \"imgbuild lock\" takes what there is", err)
	}
	f.Progress.Note("%v; taking what there is", err)
	return from.Open(ctx, ref, "")
}

// openImage reads an image beside the profile.
func openImage(ctx context.Context, p *profile.Profile, key string, ref oci.Reference) (*oci.Image, error) {
	at, err := ref.Find(func(name string) string { return p.Path(key, name) })
	if err != nil {
		return nil, err
	}
	image, err := oci.Open(ctx, at)
	if err == nil {
		image.Reference = ref
	}
	return image, err
}

// PackImages makes the layers of the images that were found into squashfs, by these tools, and plans them.
func (f Finder) PackImages(ctx context.Context, p *profile.Profile, found *Found, tools []deb.Package) (err error) {
	k := oci.Packer{Cache: f.Cache, Progress: f.Progress, Epoch: f.Epoch, Compression: string(p.Image.Compression), Makers: squashfs.Makers(tools),
		With: func(ctx context.Context, use func(string) error) error {
			return unpacked.With(ctx, f.Apt, tools, []string{"/" + squashfs.Program}, use)
		}}
	if found.Packed, err = k.Pack(ctx, found.Images); err == nil {
		found.Inputs.Images, found.Inputs.Described = imageFiles(found.Packed)
	}
	if err == nil || damaged(err) || ctx.Err() != nil {
		return err
	}
	return placeImage(p, err)
}

// placeImage gives an error of a container image its place in the profile, where it has one.
func placeImage(p *profile.Profile, err error) error {
	var of *oci.WantError
	if !errors.As(err, &of) {
		return err
	}
	key := of.Want.Key
	if of.User && of.Want.User != "" {
		key = of.Want.UserKey
	}
	return profile.Problems{{Pos: p.At(key), Key: key, Msg: err.Error()}}
}

// damaged says that what is wrong is the cache's, which Mend makes anew.
func damaged(err error) bool {
	var bad *cache.DamageError
	return errors.As(err, &bad)
}
