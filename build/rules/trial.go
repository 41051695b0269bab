package rules

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Image is what rules are tried in.
type Image struct {
	Profile *profile.Profile
	Plan    *plan.Plan
	// Packer packs it for a boot. Its cache has verdicts of such.
	Packer segments.Packer
	// NFT are the files of packages, by path, that nft is made of; nil for all.
	NFT map[string]bool
}

// Trial is how rules of a firewall are tried before they go into an image. The zero value is for all but those who
// want to know what happens elsewhere.
type Trial struct {
	// Here tries the rules of an image's file tree below root on this machine's kernel; nil stands for nft.Try.
	// Where it answers with an *nft.DoubtError, the image's own kernel is booted.
	Here func(ctx context.Context, root, rules string) ([]nft.Message, error)
	// QEMU is the program that boots it; "" stands for qemu.DefaultBinary.
	QEMU string
}

// Try loads the image's rules where they can do no harm: in a network of their own on this machine, or
// where its kernel can't tell, in a short boot of the image's own kernel. Rules that are wrong are
// Problems in the files they stand in.
func (t Trial) Try(ctx context.Context, i Image) (err error) {
	if i.Profile.Firewall == nil {
		return nil
	}
	step := i.Packer.Progress.Step("trying the rules of the firewall", 0)
	defer func() { step.Done(err) }()
	found, err := t.here(ctx, i)
	var doubt *nft.DoubtError
	if errors.As(err, &doubt) {
		found, err = t.inGuest(ctx, i)
		var unable *unableError
		if errors.As(err, &unable) {
			i.Packer.Progress.Note("warning: the rules of the firewall are not validated: %v; and no boot could tell: %v", doubt, unable)
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("trying the rules of the firewall: %w", err)
	}
	return newRuleset(i.Plan.Files, i.Packer.Open).problems(found).Err()
}
