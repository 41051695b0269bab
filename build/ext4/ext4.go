// Package ext4 makes empty ext4 file systems that grow while they are mounted.
package ext4

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/unpacked"
)

// Program is mke2fs in the package e2fsprogs.
const Program = "usr/sbin/mke2fs"

// Config is what a file system is to be. Equal ones give equal bytes.
type Config struct {
	// Size in bytes, a multiple of 4096.
	Size  int64
	Label string
	UUID  layout.GUID
	// Epoch is its time of creation.
	Epoch time.Time
}

const (
	block = 4096
	// grown is what it can grow to without moving anything, in blocks: 1 TiB. The room that this
	// keeps free, 0.5 MiB, is little on any disk; beyond it the kernel uses meta_bg.
	grown = 1 << 28
	// features are those of Debian's mke2fs.conf for ext4, less what older kernels do not know.
	features = "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super," +
		"large_file,huge_file,dir_nlink,extra_isize,metadata_csum"
)

// Make writes the file system to a new, sparse file at path. mke2fs lies below root, with what
// it needs. The tables of inodes are left to the kernel, which clears them when there is time.
func Make(ctx context.Context, root, path string, c Config) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err == nil {
		err = errors.Join(f.Truncate(c.Size), f.Close())
	}
	if err != nil {
		return fmt.Errorf("making an ext4 file system: %w", err)
	}
	config, err := settings(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("making an ext4 file system: %w", err)
	}
	defer os.Remove(config)
	at := strconv.FormatInt(c.Epoch.Unix(), 10)
	mke2fs := unpacked.Program{Root: root, Path: Program, Env: []string{
		"MKE2FS_CONFIG=" + config, "E2FSPROGS_FAKE_TIME=" + at, "SOURCE_DATE_EPOCH=" + at}}
	if err := mke2fs.Run(ctx, append(c.options(), path)...); err != nil {
		return fmt.Errorf("making an ext4 file system: %w", err)
	}
	return nil
}

func (c Config) options() []string {
	extended := []string{"hash_seed=" + c.UUID.String(), "lazy_itable_init=1", "lazy_journal_init=1", "nodiscard", "root_owner=0:0"}
	if c.Size/block < grown {
		extended = append(extended, "resize="+strconv.Itoa(grown))
	}
	return []string{"-q", "-F", "-t", "ext4", "-b", strconv.Itoa(block), "-I", "256", "-i", "16384", "-m", "0",
		"-L", c.Label, "-U", c.UUID.String(), "-O", features, "-E", strings.Join(extended, ",")}
}

// settings writes a configuration that says nothing, so that the host's is not read.
func settings(dir string) (string, error) {
	f, err := os.CreateTemp(dir, "mke2fs-*.conf")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString("[fs_types]\n\text4 = {\n\t}\n")
	return f.Name(), errors.Join(err, f.Close())
}
