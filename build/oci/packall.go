package oci

import (
	"context"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Packed is a want with its layers in the cache.
type Packed struct {
	Want
	// Is what the machine is told.
	Is spec.Image
	// Files are the layers, in their order.
	Files []Layer
}

// Layer is a packed one, in the cache.
type Layer struct {
	spec.ImageLayer
	// Host is where it lies on this machine, ID the digest of the archive that it was made of; that had so many bytes.
	Host, ID string
	Unpacked int64
	entry    *cache.Entry
}

// WantError is an error of a want.
type WantError struct {
	Want Want
	// User says that it is about who the image runs as.
	User bool
	Err  error
}

func (e *WantError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *WantError) Unwrap() error { return e.Err }

// Pack packs the images of a machine, or takes them from the cache. An error is a *WantError.
func (k Packer) Pack(ctx context.Context, wants []Want) ([]Packed, error) {
	first := ranges(wants)
	if err := k.download(ctx, wants, first); err != nil {
		return nil, err
	}
	var all []Packed
	for _, w := range wants {
		p, err := k.one(ctx, w, first[w.Name])
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// atOnce is how many layers are downloaded at a time; docker's is three as well.
const atOnce = 3

// download has the layers that are not packed yet come to this machine, several at a time: they are packed one after the other.
func (k Packer) download(ctx context.Context, wants []Want, first map[string]uint32) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, w := range wants {
		for i, l := range w.layers {
			if k.packed(l, w.layers[:i], first[w.Name], w.Shifted) {
				continue
			}
			g.Go(func() error {
				r, err := l.open(ctx)
				if err != nil {
					return &WantError{w, false, err}
				}
				return r.Close()
			})
		}
	}
	return g.Wait()
}

func (k Packer) one(ctx context.Context, w Want, first uint32) (Packed, error) {
	c := w.Config.Config
	p := Packed{Want: w, Is: spec.Image{Reference: w.ImageWant.Reference, Digest: w.Digest, First: first,
		Entrypoint: c.Entrypoint, Command: c.Cmd, Environment: c.Env, Directory: c.WorkingDir, StopSignal: signalName(c.StopSignal)}}
	below := &stack{}
	defer below.close()
	for i, l := range w.layers {
		e, a, err := k.pack(ctx, l, w.layers[:i], below, first, w.Shifted)
		if err != nil {
			return p, &WantError{w, false, err}
		}
		is := spec.ImageLayer{File: spec.ImageDir + "/layers/" + a.SHA256[:32] + ".squashfs", SHA256: a.SHA256, Size: a.Size}
		p.Files = append(p.Files, Layer{is, filepath.Join(e.Dir, squashFile), string(l.id), a.Unpacked, e})
	}
	// Archives that differ in their files' times alone are one squashfs.
	p.Files = lastOf(p.Files, func(l Layer) string { return l.File })
	for _, l := range p.Files {
		p.Is.Layers = append(p.Is.Layers, l.ImageLayer)
	}
	who, err := w.runsAs(below)
	if err != nil {
		return p, &WantError{w, true, err}
	}
	p.Is.UID, p.Is.GID, p.Is.Groups = who.uid, who.gid, who.groups
	return p, nil
}

// runsAs finds who the image runs as in its layers.
func (w Want) runsAs(layers *stack) (identity, error) {
	name, highest := w.User, uint32(1<<31-1)
	if name == "" {
		name = w.Config.Config.User
	}
	if w.Shifted {
		highest = spec.OwnersEach - 1
	}
	return user(layers, name, highest)
}
