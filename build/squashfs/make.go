package squashfs

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/tree"
)

// Program is mksquashfs in the package squashfs-tools.
const Program = "usr/bin/mksquashfs"

// Config is what a file system is to be. Equal ones give equal bytes, by the same mksquashfs and compressor.
type Config struct {
	// Root is a folder with mksquashfs and what it needs.
	Root string
	// Compression is zstd, xz, gzip or none.
	Compression string
	// Epoch is the time of all that is in it.
	Epoch time.Time
	// Below is the directory whose files become the file system, such as "usr".
	Below string
}

// blockSize is what is read at a time to get at any byte of it. A quarter of mksquashfs' greatest costs 4 % in size,
// and a small module does not want a megabyte unpacked.
const blockSize = "256K"

// compressions are mksquashfs' options. The kernel reads what these write whatever the machine. Of zstd's levels
// 16 takes a CPU second more than 15 for six thousandths less, and 19 another four for three thousandths.
var compressions = map[string][]string{
	"zstd": {"-comp", "zstd", "-Xcompression-level", "16"},
	"xz":   {"-comp", "xz"},
	"gzip": {"-comp", "gzip"},
	"none": {"-comp", "gzip", "-noI", "-noId", "-noD", "-noF", "-noX"},
}

// Make writes the files to a new file system at out; open gives the content of one whose From is set. mksquashfs takes
// them as a tar archive: so nothing is laid out on the disk, and devices need no rights. All files are root's: of a tar
// archive mksquashfs 4.5 gives the root directory to whoever runs it, whatever -root-uid says, and -all-root is what ends that.
func Make(ctx context.Context, out string, files []tree.File, c Config, open tree.Opener) error {
	options := append([]string{"-no-xattrs", "-root-mode", "755", "-all-root"}, c.options()...)
	return c.run(ctx, out, options, false, func(w io.Writer) error { return writeTar(w, files, c, open) })
}

func writeTar(w io.Writer, files []tree.File, c Config, open tree.Opener) error {
	out := tar.NewWriter(w)
	links := tree.LinksOf(files)
	for _, f := range files {
		name, below := strings.CutPrefix(f.Path, c.Below+"/")
		if !below {
			continue
		}
		h := &tar.Header{Name: name, Mode: int64(tree.Permissions(f.Mode)), Uid: int(f.UID), Gid: int(f.GID), ModTime: c.Epoch, Format: tar.FormatPAX,
			Linkname: f.Link, Devmajor: int64(f.Major), Devminor: int64(f.Minor)}
		if f.UID != 0 || f.GID != 0 {
			return fmt.Errorf("%s belongs to %d:%d, and here everything is root's", f.Path, f.UID, f.GID)
		}
		if err := SetType(h, f.Mode, f.Size); err != nil {
			return err
		}
		// Files are sorted: the first of a file's names brings the content.
		if all := links.Names(f); all != nil && all[0] != f.Path {
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, strings.TrimPrefix(all[0], c.Below+"/"), 0
		}
		err := out.WriteHeader(h)
		if err == nil && h.Typeflag == tar.TypeReg {
			err = open.Copy(out, f)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return out.Close()
}

// SetType completes a header that mksquashfs is to read for a file of a type, with so many bytes if it is a regular one. A
// socket is an error: a tar archive has none.
func SetType(h *tar.Header, mode fs.FileMode, size int64) error {
	switch mode.Type() {
	case 0:
		h.Typeflag, h.Size = tar.TypeReg, size
	case fs.ModeDir:
		h.Typeflag = tar.TypeDir
		h.Name += "/"
	case fs.ModeSymlink:
		h.Typeflag = tar.TypeSymlink
	case fs.ModeDevice:
		h.Typeflag = tar.TypeBlock
	case fs.ModeDevice | fs.ModeCharDevice:
		h.Typeflag = tar.TypeChar
	case fs.ModeNamedPipe:
		h.Typeflag = tar.TypeFifo
	default:
		return fmt.Errorf("%s is a socket, which has no place in a tar archive; take it out of the file system", h.Name)
	}
	return nil
}
