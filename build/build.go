// Package build turns a profile into artifacts: it resolves packages, compiles
// the Go programs, makes the plan and writes what the plan says. Every output
// appears by renaming, or not at all.
package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/rules"
	"github.com/imgbuild/imgbuild/build/sources"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/spec"
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
	Trial rules.Trial
	// other is a cache that blobs may come from, by their digests; nil for none.
	other *cache.Cache
	// wants are the container images that a profile asks for.
	wants func(*profile.Profile) []spec.ImageWant
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
	return &Env{Cache: c, Apt: deb.New(c, p), Go: &gobin.Builder{Cache: c, Progress: p}, Progress: p, Epoch: at, Limit: limit, wants: sources.Wants}, nil
}

// epoch is the one time that everything in an image bears: SOURCE_DATE_EPOCH
// (reproducible-builds.org/specs/source-date-epoch) or the first of January 2026.
func epoch() (time.Time, error) {
	text, ok := os.LookupEnv("SOURCE_DATE_EPOCH")
	if !ok {
		return plan.Undated, nil
	}
	var seconds int64
	if _, err := fmt.Sscanf(text, "%d", &seconds); err != nil || seconds < 0 || seconds > 1<<32-1 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q; accepted: seconds since 1970, below 2^32", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
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
	if err := e.Trial.Try(ctx, rules.Image{Profile: p, Plan: image.Plan, Packer: e.packer(image), NFT: image.nft}); err != nil {
		return nil, err
	}
	if err := e.write(ctx, image, out); err != nil {
		return nil, err
	}
	made, err := out.commit(ctx, e.Cache)
	if err == nil {
		e.saySecrets(image)
		for _, note := range image.Plan.Notes() {
			e.Progress.Note("%s", note)
		}
	}
	return made, err
}
