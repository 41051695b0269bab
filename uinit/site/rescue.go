package site

import (
	"context"
	"errors"
	"io/fs"

	sitetoml "github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/account"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// rescue gives root the password that site.toml has for it, where the image allows one, for a shell that comes
// before the unit "site". A medium that is not there and a file with mistakes change nothing.
func rescue(ctx context.Context, r feature.Rescue) error {
	if !r.Image.Allows(spec.SitePasswordHash) {
		return nil
	}
	wait := func(ctx context.Context, ready func() (bool, error)) error { return r.Events.Wait(ctx, "block", ready) }
	got, err := readMedium(ctx, r.Image.Site, r.Image.Media, wait, r.Load)
	if errors.Is(err, errNoMedium) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	wanted, problems := sitetoml.Read(sitetoml.Name, got.text, &r.Image.Machine)
	if wanted == nil {
		return problems.Err()
	}
	if now := wanted.User["root"].PasswordHash; now != r.Image.User["root"].PasswordHash {
		return account.Apply("/etc/shadow", "root", now.Value)
	}
	return nil
}
