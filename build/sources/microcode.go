package sources

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// vendor is whose processors an update is for. The kernel looks for image in an archive before the initramfs
// (Documentation/arch/x86/microcode.rst); vendors' files are below folder as in linux-firmware, and image is all of them, one after
// the other. A file of theirs begins with magic: Intel's with the version of its header, AMD's with that of its container.
type vendor struct{ folder, image, magic string }

var vendors = []vendor{
	{"amd-ucode", "kernel/x86/microcode/AuthenticAMD.bin", "DMA\x00"},
	{"intel-ucode", "kernel/x86/microcode/GenuineIntel.bin", "\x01\x00\x00\x00"},
}

// updateFile is a file below one of the vendors' folders.
type updateFile struct {
	name string
	read func() ([]byte, error)
}

// microcode finds updates of processors in packages and in a folder of the user's own.
func (f Finder) microcode(p *profile.Profile, trees []deb.Tree) ([]tree.File, error) {
	var images []tree.File
	for i, name := range p.Kernel.Microcode {
		key := fmt.Sprintf("kernel.microcode[%d]", i)
		at := slices.IndexFunc(trees, func(t deb.Tree) bool { return t.Name == name })
		if at < 0 {
			return nil, profile.Problems{{Pos: p.At(key), Key: key, Msg: name + " is a virtual package; accepted: one that provides it"}}
		}
		found, err := updates(key, func(folder string) (files []updateFile, err error) {
			for _, e := range trees[at].Files {
				if below, ok := strings.CutPrefix(strings.TrimPrefix(e.Path, "usr/"), "lib/firmware/"+folder+"/"); ok && e.Mode.IsRegular() {
					files = append(files, updateFile{below, func() ([]byte, error) { return f.Apt.Read(trees[at], e) }})
				}
			}
			return files, nil
		})
		if err != nil {
			return nil, profile.Problems{{Pos: p.At(key), Key: key, Msg: name + " " + err.Error()}}
		}
		images = append(images, found...)
	}
	if p.Kernel.MicrocodePath != "" {
		const key = "kernel.microcode_path"
		dir := p.Path(key, p.Kernel.MicrocodePath)
		found, err := updates(key, func(folder string) (files []updateFile, err error) {
			rows, err := os.ReadDir(filepath.Join(dir, folder))
			if errors.Is(err, fs.ErrNotExist) {
				return nil, nil
			}
			for _, row := range rows {
				file := filepath.Join(dir, folder, row.Name())
				files = append(files, updateFile{row.Name(), func() ([]byte, error) { return os.ReadFile(file) }})
			}
			return files, err
		})
		if err != nil {
			return nil, profile.Problems{{Pos: p.At(key), Key: key, Msg: dir + " " + err.Error()}}
		}
		images = append(images, found...)
	}
	return joinUpdates(images), nil
}

// updates reads what each vendor's folder has, in the order of names. Signatures and notes beside updates are left out.
func updates(why string, list func(folder string) ([]updateFile, error)) (images []tree.File, err error) {
	for _, v := range vendors {
		files, err := list(v.folder)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(files, func(a, b updateFile) int { return strings.Compare(a.name, b.name) })
		var all []byte
		for _, f := range files {
			content, err := f.read()
			if err != nil {
				return nil, err
			}
			if strings.HasPrefix(string(content), v.magic) {
				all = append(all, content...)
			} else if path.Ext(f.name) == ".bin" {
				return nil, fmt.Errorf("has %s/%s, which does not begin as an update does", v.folder, f.name)
			}
		}
		if len(all) > 0 {
			images = append(images, tree.File{Path: v.image, Mode: 0o644, Size: int64(len(all)), Body: all, Why: why})
		}
	}
	if len(images) == 0 {
		return nil, errors.New("has no update of a processor; accepted: what has files in lib/firmware/intel-ucode or amd-ucode, or a folder with these two in it")
	}
	return images, nil
}

// joinUpdates puts updates for one vendor into one file: the kernel looks for one.
func joinUpdates(images []tree.File) (joined []tree.File) {
	for _, image := range images {
		at := slices.IndexFunc(joined, func(f tree.File) bool { return f.Path == image.Path })
		if at < 0 {
			joined = append(joined, image)
			continue
		}
		f := &joined[at]
		f.Body = bytes.Join([][]byte{f.Body, image.Body}, nil)
		f.Size, f.Why = int64(len(f.Body)), f.Why+", "+image.Why
	}
	return joined
}
