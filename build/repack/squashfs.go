package repack

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/leash"
)

// Squashfs makes a squashfs at out with the files of another and those of an overlay,
// which name names: owners, devices, links, extended attributes and times are those of
// the original, as are compressor, its options and block size. What the overlay brings
// belongs to root and has the time of the file system, whose root directory gets that of its
// newest file. It needs mksquashfs 4.5 or later. An overlay without files gives a copy.
func Squashfs(ctx context.Context, out string, m *image.Image, name string, overlay fs.FS) error {
	files, err := readOverlay(name, overlay)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return duplicate(out, m)
	}
	tool, err := exec.LookPath("mksquashfs")
	if err != nil {
		return fmt.Errorf("repacking %s: mksquashfs is not installed (Debian package squashfs-tools): %w", m.Name, err)
	}
	s, err := survey(ctx, m, 0)
	if err != nil {
		return err
	}
	added, err := place(s.tree, files)
	if err != nil {
		return fmt.Errorf("repacking %s: %w", m.Name, err)
	}
	r, err := squashfs.Open(m.Content, m.Content.Size())
	if err != nil {
		return err
	}
	err = pack(ctx, tool, out, r, added, overlay, s.newest)
	if err == nil {
		err = date(out, r.Superblock.Made)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("repacking %s: %w", m.Name, err), remove(out))
	}
	return nil
}

// pack runs mksquashfs, which takes what it packs as a tar archive: so nothing is
// unpacked, and no owner or device is lost on an ordinary user.
//
// Of a tar archive it takes no time for the root, and would give it the present one. It
// turns times behind SOURCE_DATE_EPOCH into that, so the root's becomes the newest of all.
func pack(ctx context.Context, tool, out string, r *squashfs.Reader, added []addition, overlay fs.FS, newest time.Time) error {
	s := &stream{r: r, overlay: overlay, added: added}
	root, err := s.root()
	if err != nil {
		return err
	}
	args := append([]string{"-", out, "-tar", "-noappend", "-quiet", "-no-progress"}, arguments(r.Superblock)...)
	args = append(args, "-root-mode", fmt.Sprintf("%o", tree.Permissions(root.Mode)), "-root-uid", fmt.Sprint(root.UID), "-root-gid", fmt.Sprint(root.GID))
	in, write := io.Pipe()
	cmd := leash.Command(ctx, syscall.SIGKILL, tool, args...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", max(newest.Unix(), r.Superblock.Made.Unix())))
	var said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &said, &said
	if err := cmd.Start(); err != nil {
		return err
	}
	wrote := make(chan error, 1)
	go func() {
		err := s.write(ctx, write)
		write.CloseWithError(err)
		wrote <- err
	}()
	err = cmd.Wait()
	in.CloseWithError(errors.New("mksquashfs has ended"))
	streamed := <-wrote
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("running mksquashfs: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return streamed
}

// date puts the time of the original into a superblock.
func date(out string, made time.Time) error {
	const mkfsTime = 8 // struct squashfs_super_block of the kernel
	f, err := os.OpenFile(out, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(binary.LittleEndian.AppendUint32(nil, uint32(made.Unix())), mkfsTime)
	return errors.Join(err, f.Close())
}

// duplicate copies an image.
func duplicate(out string, m *image.Image) error {
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(m.Content, 0, m.Content.Size()))
	return errors.Join(err, f.Close())
}

func remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
