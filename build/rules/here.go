package rules

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// here lays out what nft needs of an image and lets it load the rules. Overlays' keys are among it, so the directory stays this
// account's alone, as it is made; nft is root only of a user namespace of that account.
func (t Trial) here(ctx context.Context, i Image) ([]nft.Message, error) {
	dir, err := scratch.New("")
	if err != nil {
		return nil, err
	}
	defer dir.Remove()
	root := dir.Path
	if err := layOut(root, i.filesForNFT(), i.Packer.Open); err != nil {
		return nil, fmt.Errorf("laying out the image's programs: %w", err)
	}
	try := t.Here
	if try == nil {
		try = nft.Try
	}
	return try(ctx, root, i.Profile.Firewall.Rules)
}

// filesForNFT are the files that nft can want: of packages those that it is made of and their settings. The
// rest may be hundreds of megabytes, and every file that is laid out is read and checked.
func (i Image) filesForNFT() []tree.File {
	if i.NFT == nil {
		return i.Plan.Files
	}
	return slices.DeleteFunc(slices.Clone(i.Plan.Files), func(f tree.File) bool {
		settings := strings.HasPrefix(f.Path, "etc/") || strings.HasPrefix(f.Path, "usr/share/iproute2/")
		return f.From.Store == "package" && !i.NFT[f.Path] && !settings
	})
}

// layOut writes packages' files and those of overlays below root, with the links between them. All but
// these is of no use to nft, and of what the plan makes up least of all shadow(5) and the machine's description.
func layOut(root string, files []tree.File, open tree.Opener) error {
	inside, err := os.OpenRoot(root) // whatever links an overlay brings, nothing is written elsewhere
	if err != nil {
		return err
	}
	defer inside.Close()
	var links []tree.File
	for _, f := range files {
		switch {
		case f.Mode.Type() == fs.ModeSymlink:
			links = append(links, f)
		case f.Mode.IsDir():
			err = inside.MkdirAll(f.Path, 0o755)
		case f.Mode.IsRegular() && f.From == (tree.Source{}) && f.Mode&0o004 == 0:
		case f.Mode.IsRegular() && f.From.Store != "go" && !strings.HasPrefix(f.Path, "usr/lib/modules/"):
			err = putFile(inside, root, f, open)
		}
		if err != nil {
			return err
		}
	}
	for _, f := range links {
		if err := inside.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
			return err
		}
		if err := inside.Symlink(f.Link, f.Path); err != nil {
			return err
		}
	}
	return nil
}

// putFile puts one file into place.
func putFile(inside *os.Root, root string, f tree.File, open tree.Opener) error {
	if err := inside.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
		return err
	}
	to, err := inside.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400|f.Mode.Perm())
	if err != nil {
		return err
	}
	defer to.Close()
	if err := open.Copy(to, f); err != nil {
		return err
	}
	return to.Close()
}
