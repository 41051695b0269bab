package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// usrSegment holds what lies below /usr and comes from packages, the kernel and us. Overlays are not in it:
// they change with the profile, and uinit lays their files over the file system.
const usrSegment = "usr"

// usrWants are the modules that mounting /usr takes.
func usrWants() []kmod.Want {
	return []kmod.Want{{Name: "loop", Why: "image.usr"}, {Name: "squashfs", Why: "image.usr"}}
}

// overlayWant lays files that are not in it over /usr, also those that somebody adds to the image later. It can lie in the
// squashfs, which is there by then.
func overlayWant() kmod.Want { return kmod.Want{Name: "overlay", Why: "image.usr", Optional: true} }

// SquashesUsr says whether /usr becomes a squashfs: by default where the kernel can mount it. What the profile
// asks for and the kernel cannot do is a profile.Problems.
func SquashesUsr(p *profile.Profile, kernel *kmod.Index) (bool, error) {
	if p.Image.Usr == profile.UsrUnpacked {
		return false, nil
	}
	for _, name := range []string{"loop", "squashfs"} {
		if _, ok := kernel.Lookup(name); ok {
			continue
		}
		if p.Image.Usr == "" {
			return false, nil
		}
		return false, profile.Problems{{Pos: p.At("image.usr"), Key: "image.usr",
			Msg: fmt.Sprintf("kernel %s has no %s, neither built in nor as a module; accepted: %q", kernel.Release, name, profile.UsrUnpacked)}}
	}
	return true, nil
}

// Squashed says whether some of the initramfs is a squashfs.
func (p *Plan) Squashed() bool {
	return slices.ContainsFunc(p.Segments, func(s Segment) bool { return s.Squashfs })
}

// earlyFiles are the modules that come before /usr, which holds the others.
func earlyFiles(in Inputs, squashed bool) ([]tree.File, error) {
	if !squashed {
		return nil, nil
	}
	picks, err := in.Modules.Closure(usrWants())
	if err != nil {
		return nil, err
	}
	return modulesIn(strings.TrimPrefix(spec.EarlyDir, "/"), in, picks)
}

// offerModprobe puts modprobe into the squashfs, unless the image has one; elsewhere uinit makes the link, for a
// reason that it says.
func offerModprobe(t *tree.Tree, squashed bool, segmentOf map[string]string) error {
	const at = "usr/sbin/modprobe"
	if _, there := t.Lookup(at); there || !squashed {
		return nil
	}
	segmentOf[at] = usrSegment
	return t.Add(symlink(at, "/init", "uinit under another name"))
}
