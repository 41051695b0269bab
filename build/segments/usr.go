package segments

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/build/unpacked"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Tools is the package that makes a squashfs of /usr.
const Tools = squashfs.Package

// usr makes the squashfs that becomes /usr, and an archive that holds it as it is: the kernel then copies
// what is compressed, and unpacks of it what somebody uses.
func (k Packer) usr(ctx context.Context, p *plan.Plan, s plan.Segment) (Packed, error) {
	entry, err := k.Cache.Entry(ctx, "usr", k.usrKey(p, s), func(ctx context.Context, dir string) error {
		return unpacked.With(ctx, k.Apt, k.Tools, []string{"/" + squashfs.Program}, func(root string) error {
			return k.makeUsr(ctx, dir, root, p, s)
		})
	})
	if err != nil {
		return Packed{}, err
	}
	return cached(entry, s.Name)
}

// usrKey is the identity of a squashfs and its archive: what is in it, and by which programs it is made. Other tools
// than these may come and go with the formats that are asked for.
func (k Packer) usrKey(p *plan.Plan, s plan.Segment) string {
	h := sha256.New()
	fmt.Fprintln(h, 3, k.Key(p, s)) // what makeUsr does with it
	for _, maker := range squashfs.Makers(k.Tools) {
		fmt.Fprintln(h, maker)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// makeUsr writes the segment into a folder of the cache; mksquashfs lies below root.
func (k Packer) makeUsr(ctx context.Context, dir, root string, p *plan.Plan, s plan.Segment) (err error) {
	step := k.Progress.Step("compressing "+s.Name, tree.Size(s.Files))
	defer func() { step.Done(err) }()
	made := filepath.Join(dir, "squashfs")
	config := squashfs.Config{Root: root, Compression: string(p.Compression), Epoch: k.Epoch, Below: s.Name}
	if err := squashfs.Make(ctx, made, s.Files, config, k.counted(ctx, step)); err != nil {
		return err
	}
	info, err := os.Stat(made)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	defer f.Close()
	files := []tree.File{
		{Path: strings.TrimPrefix(spec.EarlyDir, "/"), Mode: fs.ModeDir | 0o755},
		{Path: strings.TrimPrefix(spec.UsrImage, "/"), Mode: 0o444, Size: info.Size(), From: tree.Source{Store: "file"}},
	}
	if err := cpio.Write(f, files, k.Epoch, func(tree.File) (io.ReadCloser, error) { return os.Open(made) }); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Remove(made) // the archive holds it
}
