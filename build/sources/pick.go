package sources

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// pick takes from the packages what the profile names, and what that needs.
func pick(p *profile.Profile, trees []deb.Tree) ([]tree.File, error) {
	packages := packages(p)
	var want []string
	var whole []deb.Pick
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		want = append(want, packages[name].Files...)
		if !packages[name].Whole {
			continue
		}
		i := slices.IndexFunc(trees, func(t deb.Tree) bool { return t.Name == name })
		if i < 0 {
			key := problem.JoinKey("packages", name)
			return nil, profile.Problems{{Pos: p.At(key), Key: key, Msg: "is a virtual package; accepted: one that provides it"}}
		}
		whole = append(whole, deb.Whole(trees[i])...)
	}
	picks, err := deb.Complete(trees, whole)
	needed, more := deb.Closure(trees, want)
	if err := errors.Join(append(unjoin(err), unjoin(more)...)...); err != nil {
		return nil, placeFiles(p, err)
	}
	files := make([]tree.File, 0, len(picks)+len(needed))
	for _, f := range append(picks, needed...) {
		// The loader's directories are links in every image.
		if f.Entry.Mode.IsDir() {
			continue
		}
		// Nobody gets rights by a package's program: who may what is the profile's to say.
		files = append(files, tree.File{Path: f.Path, Mode: f.Entry.Mode &^ (fs.ModeSetuid | fs.ModeSetgid), UID: f.Entry.UID, GID: f.Entry.GID,
			Link: f.Entry.Link, Size: f.Entry.Size, Why: f.Why, Same: same(f), From: source(f)})
	}
	return files, nil
}

// source is where a picked file's content lies; links have none.
func source(f deb.Pick) tree.Source {
	if !f.Entry.Mode.IsRegular() {
		return tree.Source{}
	}
	return tree.Source{Store: "package", Name: f.Package, Path: "/" + f.Entry.Path, SHA256: f.Entry.SHA256, Host: f.Host}
}

// same is what names of one file of a package have in common: the name that the package has first.
func same(f deb.Pick) string {
	if !f.Entry.Mode.IsRegular() {
		return ""
	}
	return "package " + f.Package + ": /" + cmp.Or(f.Entry.Hardlink, f.Entry.Path)
}

// neededByNFT are the files of packages, by path, that nft is made of.
func neededByNFT(trees []deb.Tree) (map[string]bool, error) {
	picks, err := deb.Closure(trees, []string{nft.Program})
	if errors.As(err, new(*deb.NoFileError)) {
		return nil, nil // an overlay's, which needs what it needs
	}
	paths := map[string]bool{}
	for _, p := range picks {
		paths[p.Path] = true
	}
	return paths, err
}
