// Package build turns a profile into artifacts: it resolves packages, compiles
// the Go programs, makes the plan and writes what the plan says. Every output
// appears by renaming, or not at all.
package build

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// Env is where builds work: a cache, a package resolver, a compiler.
type Env struct {
	Cache    *cache.Cache
	Apt      *deb.Apt
	Go       *gobin.Builder
	Progress progress.Reporter
	// Epoch is the time that all files of an image bear.
	Epoch time.Time
	// Limit is how large the cache may be after a build, in bytes.
	Limit int64
	// Trial is how rules of a firewall are tried.
	Trial Trial
}

// NewEnv opens the cache in dir ("" for the user's) and sets up the rest around it.
func NewEnv(dir string, p progress.Reporter) (*Env, error) {
	c, err := cache.Open(dir)
	if err != nil {
		return nil, err
	}
	at, err := epoch()
	if err != nil {
		return nil, err
	}
	limit, err := cacheLimit()
	if err != nil {
		return nil, err
	}
	c.Warn = p.Note
	return &Env{Cache: c, Apt: deb.New(c, p), Go: &gobin.Builder{Cache: c, Progress: p}, Progress: p, Epoch: at, Limit: limit}, nil
}

// Build makes the profile's artifacts in dir, which is created where it does not
// exist. On an error, or when ctx ends, dir is as it was.
func (e *Env) Build(ctx context.Context, p *profile.Profile, dir string, o Options) (made []Artifact, err error) {
	err = e.Cache.Mend(func() error {
		made, err = e.build(ctx, p, dir, o)
		return err
	})
	if err == nil {
		e.tidy()
	}
	return made, err
}

func (e *Env) build(ctx context.Context, p *profile.Profile, dir string, o Options) (_ []Artifact, err error) {
	out, err := stage(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out.discard()) }()
	image, err := e.Prepare(ctx, p, o)
	if err != nil {
		return nil, err
	}
	if err := e.tryRules(ctx, image); err != nil {
		return nil, err
	}
	if err := e.write(ctx, image, out); err != nil {
		return nil, err
	}
	made, err := out.commit()
	if err == nil {
		e.saySecrets(image)
	}
	return made, err
}

// write puts every artifact of the image into staging.
func (e *Env) write(ctx context.Context, image *Image, out *staging) error {
	p := image.Plan
	dir, err := scratch.New("")
	if err != nil {
		return err
	}
	defer dir.Remove()
	segments, err := e.pack(ctx, image, dir.Path)
	if err != nil {
		return err
	}
	if err := writeFiles(ctx, image, segments, out); err != nil {
		return err
	}
	if err := e.media(ctx, image, segments, out); err != nil {
		return err
	}
	if image.Profile.Writes(profile.FormatNetboot) {
		if err := out.bytes(ctx, p.Name+".ipxe", ipxe(p)); err != nil {
			return err
		}
	}
	if err := out.bytes(ctx, p.Name+".sbom.spdx.json", image.sbom(e.Epoch)); err != nil {
		return err
	}
	err = out.add(ctx, p.Name+".manifest.json", everybody, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(image.manifest(segments, out.made))
	})
	if err != nil {
		return err
	}
	return out.sums(ctx)
}

// writeFiles writes kernel, initramfs and command line where a format wants them as
// files.
func writeFiles(ctx context.Context, image *Image, segments []packed, out *staging) error {
	p := image.Plan
	if !image.Profile.Writes(profile.FormatKernel, profile.FormatNetboot) {
		return nil
	}
	err := out.copy(ctx, p.Name+"-kernel", everybody, image.open, p.Kernel)
	if err != nil {
		return err
	}
	err = out.add(ctx, p.Name+"-initrd.img", image.readers(), func(w io.Writer) error {
		for _, s := range segments {
			if err := s.copy(w); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !image.Profile.Writes(profile.FormatKernel) {
		return err
	}
	return out.bytes(ctx, p.Name+"-cmdline", []byte(p.Cmdline+"\n"))
}

// Artifacts names what Build would write into dir for profile.FormatKernel, kernel first.
func Artifacts(p *profile.Profile, dir string) (kernel, initrd, cmdline string) {
	at := func(suffix string) string { return filepath.Join(dir, string(p.Name)+suffix) }
	return at("-kernel"), at("-initrd.img"), at("-cmdline")
}
