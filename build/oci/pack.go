package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// kindLayer is the cache's kind of packed layers; layerForm is a part of their keys, which changes with what is made of a layer.
const (
	kindLayer = "oci-layer"
	layerForm = 1
)

// Files of a packed layer's entry.
const (
	squashFile = "squashfs"
	aboutFile  = "about.json"
)

// Packer makes layers into squashfs.
type Packer struct {
	Cache    *cache.Cache
	Progress progress.Reporter
	// Epoch is the time that all files bear, Compression what they are packed by: zstd, xz, gzip or none.
	Epoch       time.Time
	Compression string
	// Makers are what decides the bytes of a squashfs (squashfs.Makers); With lays out mksquashfs and calls use with the folder.
	Makers []string
	With   func(ctx context.Context, use func(root string) error) error
}

// about is what is known of a packed layer.
type about struct {
	SHA256 string
	// Size of the squashfs and of the archive that it was made of, in bytes.
	Size, Unpacked int64
}

// errImplied says that a layer names directories that it does not have: what these are lower layers say, and so the layer is
// packed for these.
var errImplied = errors.New("the layer stands on lower ones")

// key is the identity of a packed layer.
func (k Packer) key(l layer, lower []layer, first uint32, shifted bool) string {
	h := sha256.New()
	fmt.Fprintln(h, layerForm, l.id, first, shifted, k.Epoch.Unix(), k.Compression, k.Makers)
	for _, l := range lower {
		fmt.Fprintln(h, l.id)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// keys are those of a layer that stands by itself, and over the lower ones. It has one of them, which only its names say.
func (k Packer) keys(l layer, lower []layer, first uint32, shifted bool) (alone, above string) {
	return k.key(l, nil, first, shifted), k.key(l, append([]layer{{id: "over"}}, lower...), first, shifted)
}

// packed says whether the cache has a layer.
func (k Packer) packed(l layer, lower []layer, first uint32, shifted bool) bool {
	alone, above := k.keys(l, lower, first, shifted)
	for _, key := range []string{alone, above} {
		if _, ok := k.Cache.Lookup(kindLayer, key); ok {
			return true
		}
	}
	return false
}

// pack packs the layer over the lower ones, or takes it from the cache, and lays it over them.
func (k Packer) pack(ctx context.Context, l layer, lower []layer, below *stack, first uint32, shifted bool) (e *cache.Entry, a about, err error) {
	alone, above := k.keys(l, lower, first, shifted)
	e, ok := k.Cache.Lookup(kindLayer, above)
	if !ok {
		e, err = k.Cache.Entry(ctx, kindLayer, alone, func(ctx context.Context, dir string) error { return k.fill(ctx, dir, l, nil, first, shifted) })
		if errors.Is(err, errImplied) {
			e, err = k.Cache.Entry(ctx, kindLayer, above, func(ctx context.Context, dir string) error { return k.fill(ctx, dir, l, below, first, shifted) })
		}
	}
	if err != nil {
		return nil, a, err
	}
	text, err := e.Read(aboutFile)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return nil, a, err
	}
	f, err := e.Open(squashFile)
	if err != nil {
		return nil, a, err
	}
	return e, a, below.push(f)
}
