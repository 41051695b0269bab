package build

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/build/media"
	"github.com/imgbuild/imgbuild/build/rules"
	"github.com/imgbuild/imgbuild/build/sources"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Check finds what is wrong with a profile beyond its own text, without network:
// commands and driver sets that do not exist, overlays that are not there. Without an error there may be warnings; the error is
// profile.Problems with these among them.
func Check(p *profile.Profile) (warnings profile.Problems, err error) {
	var problems, found profile.Problems
	overlays, open, err := sources.Overlays(p)
	if err != nil && !errors.As(err, &found) {
		return nil, err
	}
	problems = append(problems, found...)
	if _, err := media.OpenSigner(p); errors.As(err, &found) {
		problems = append(problems, found...)
	}
	problems = append(problems, sources.Check(p, overlays, open)...)
	problems = append(problems, rules.Check(p, overlays, open)...)
	problems = problems.Sort()
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return problems, nil
}

// CheckModules finds modules that the profile asks for and its kernel lacks,
// without network. known is false where this kernel was never built with on
// this machine, so that nobody here can tell.
func (e *Env) CheckModules(ctx context.Context, p *profile.Profile) (known bool, err error) {
	return e.finder().CheckModules(ctx, p)
}

// CheckGuests finds machines and processors of guests that QEMU does not have, likewise: known is false where no QEMU was built
// with on this machine.
func (e *Env) CheckGuests(p *profile.Profile) (known bool, err error) {
	return e.finder().CheckGuests(p)
}

// CheckImages finds what is wrong with container images that lie on this machine. remote are the references of others, of which nothing
// but their text is checked.
func (e *Env) CheckImages(ctx context.Context, p *profile.Profile) (remote []string, err error) {
	return e.finder().CheckImages(ctx, p)
}
