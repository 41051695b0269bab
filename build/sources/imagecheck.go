package sources

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/build/oci"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// checkImages finds references that are none, and paths that are not there.
func checkImages(p *profile.Profile, wants []spec.ImageWant) (problems profile.Problems) {
	for _, w := range wants {
		ref, err := oci.Parse(w.Reference)
		if err == nil && ref.Registry == "" {
			_, err = ref.Find(func(name string) string { return p.Path(w.Key, name) })
		}
		if err != nil {
			problems = append(problems, profile.Problem{Pos: p.At(w.Key), Key: w.Key, Msg: err.Error()})
		}
	}
	return problems
}

// CheckImages finds what is wrong with those container images that lie on this machine. remote are the references of others, which
// the build checks.
func (f Finder) CheckImages(ctx context.Context, p *profile.Profile) (remote []string, err error) {
	wants := f.Wants(p)
	problems := checkImages(p, wants)
	if problems != nil {
		return nil, problems.Sort()
	}
	for _, w := range wants {
		ref, err := oci.Parse(w.Reference)
		if err == nil && ref.Registry != "" {
			remote = append(remote, w.Reference)
			continue
		}
		image, err := openImage(ctx, p, w.Key, ref)
		if err != nil {
			err = &oci.WantError{Want: oci.Want{ImageWant: w}, Err: err}
		} else {
			err = oci.Want{ImageWant: w, Image: image}.Check(ctx)
		}
		if ctx.Err() != nil {
			return remote, ctx.Err()
		}
		var found profile.Problems
		if err != nil && errors.As(placeImage(p, err), &found) {
			problems = append(problems, found...)
		}
	}
	return remote, problems.Sort().Err()
}
