package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// packUsr makes the squashfs that becomes /usr, and an archive that holds it as it is: the kernel then copies
// what is compressed, and unpacks of it what somebody uses.
func (e *Env) packUsr(ctx context.Context, image *Image, s plan.Segment) (packed, error) {
	tools := unpin(image.Lock.Tool)
	entry, err := e.Cache.Entry(ctx, "usr", e.usrKey(image.Plan, s, tools), func(ctx context.Context, dir string) error {
		return e.withPrograms(ctx, tools, []string{"/" + squashfs.Program}, func(root string) error {
			return e.makeUsr(ctx, dir, root, image, s)
		})
	})
	if err != nil {
		return packed{}, err
	}
	return packedIn(entry, s.Name)
}

// usrKey is the identity of a squashfs and its archive: what is in it, and by which programs it is made. Other tools
// than these may come and go with the formats that are asked for.
func (e *Env) usrKey(p *plan.Plan, s plan.Segment, tools []deb.Package) string {
	h := sha256.New()
	fmt.Fprintln(h, 2, e.segmentKey(p, s)) // what makeUsr does with it
	for _, t := range tools {
		if t.Name == usrTools || slices.ContainsFunc([]string{"zlib", "liblzma", "libzstd"}, func(lib string) bool { return strings.HasPrefix(t.Name, lib) }) {
			fmt.Fprintln(h, t.Name, t.SHA256)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// makeUsr writes the segment into a folder of the cache; mksquashfs lies below root.
func (e *Env) makeUsr(ctx context.Context, dir, root string, image *Image, s plan.Segment) (err error) {
	step := e.Progress.Step("compressing "+s.Name, tree.Size(s.Files))
	defer func() { step.Done(err) }()
	counted := func(t tree.File) (io.ReadCloser, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		step.Add(t.Size)
		return image.open(t)
	}
	made := filepath.Join(dir, "squashfs")
	config := squashfs.Config{Root: root, Compression: string(image.Plan.Compression), Epoch: e.Epoch, Below: s.Name}
	if err := squashfs.Make(ctx, made, s.Files, config, counted); err != nil {
		return err
	}
	info, err := os.Stat(made)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, segmentFile))
	if err != nil {
		return err
	}
	defer f.Close()
	files := []tree.File{
		{Path: strings.TrimPrefix(spec.EarlyDir, "/"), Mode: fs.ModeDir | 0o755},
		{Path: strings.TrimPrefix(spec.UsrImage, "/"), Mode: 0o444, Size: info.Size(), From: tree.Source{Store: "file"}},
	}
	if err := cpio.Write(f, files, e.Epoch, func(tree.File) (io.ReadCloser, error) { return os.Open(made) }); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Remove(made) // the archive holds it
}
