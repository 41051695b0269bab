package plan

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Inputs is what the plan chooses from: everything that was found, resolved and
// compiled for a profile before anything is packed.
type Inputs struct {
	// Kernel is the kernel image.
	Kernel tree.File
	// Modules is the kernel's modules; ModuleFile finds the file of one.

	Modules    *kmod.Index
	ModuleFile func(m *kmod.Module) (tree.File, error)
	// Packages are the files taken from Debian packages, trimmed.
	Packages []tree.File
	// Authorities are those of packages whose certificates programs are to trust, in PEM, one after the other.
	Authorities []byte
	// Uinit and Busybox are the compiled programs.
	Uinit, Busybox tree.File
	// Commands are the names that the busybox and Debian's are called by.
	Commands []Command
	// Areas are what programs of well-known names are for.
	Areas []Area
	// Microcode are updates of processors, for the kernel to find before the initramfs.
	Microcode []tree.File
	// Keymaps are keyboard maps as the kernel takes them, by name.
	Keymaps map[string][]byte
	// Overlays in the order in which they are laid.
	Overlays []Overlay
	// Images are container images: their layers, and what the machine is told of them.
	Images, Described []tree.File
	// Epoch is the time that all files bear; the machine takes no earlier one for the true time.
	Epoch time.Time
}

// Overlay is a tree of files by its name in the profile.
type Overlay struct {
	Name  string
	Files []tree.File
	// Dirs are directories whose modes the profile states, in the key that is their Why.
	Dirs []tree.File
}

// Plan is an image as a value.
type Plan struct {
	Name string
	// Version of the image: the profile's, or one that follows from all that is in it.
	Version string
	Kernel  tree.File
	Release string
	Cmdline string
	// Modules in the image and why each is there.
	Modules []kmod.Pick
	// Segments of the initramfs, in the order in which the kernel unpacks them.
	Segments []Segment
	// Files of all segments together, sorted.
	Files []tree.File
	// WithoutFirmware: firmware files of drivers are left out on purpose.
	WithoutFirmware bool
	// Firmware says which package of Debian's has which file below /lib/firmware, as far as that is known: it is for what a person is told.
	Firmware map[string]string
	// Compression of every segment.
	Compression profile.Compression
	// unordered: boxes take versions of this profile, and cannot tell which is newer.
	unordered bool
}

// Segment is a part of the initramfs that is packed on its own, so that what did not
// change need not be packed again.
type Segment struct {
	Name string
	// Stable segments change with versions, not with the profile's text: they are
	// worth the best compression and a place in the cache.
	Stable bool
	// Plain segments are not compressed.
	Plain bool
	// Cached segments are files of the cache, as they are.
	Cached bool
	// Squashfs segments are packed as a file system of their own, which lies in the initramfs
	// as spec.UsrImage and holds what is below usr/.
	Squashfs bool
	Files    []tree.File
}

// Make decides what goes into the image. Conflicts between sources are found
// here, before a byte is written.
func Make(p *profile.Profile, in Inputs) (*Plan, error) {
	squashed, err := SquashesUsr(p, in.Modules)
	if err != nil {
		return nil, err
	}
	modules, moduleFiles, err := modules(p, in, squashed)
	if err != nil {
		return nil, err
	}
	early, err := earlyFiles(in, squashed)
	if err != nil {
		return nil, err
	}
	settings, err := config(p, in.Epoch)
	if err != nil {
		return nil, err
	}
	l := newLayers(p, squashed)
	l.fill(in, settings, moduleFiles)
	l.add("uinit", early...)
	l.offerLsblk()
	l.offerAuthorities(in.Authorities)
	l.offerHelp(in.Areas)
	if err := l.judge.Found().Sort().Err(); err != nil {
		return nil, err
	}
	t, segmentOf := l.tree, l.segmentOf
	if err := offerModprobe(t, squashed, segmentOf); err != nil {
		return nil, err
	}
	if err := checkMounts(p, t.Files()); err != nil {
		return nil, err
	}
	if err := checkFiles(p, t); err != nil {
		return nil, err
	}
	version, files, err := withVersion(p, in, t.Files())
	if err != nil {
		return nil, err
	}
	return &Plan{
		Name: string(p.Name), Version: version, Kernel: in.Kernel, Release: in.Modules.Release,
		Cmdline: p.KernelLine(), Modules: modules,
		Compression: p.Image.Compression, WithoutFirmware: p.Kernel.WithoutFirmware,
		unordered: p.Update != nil && p.Version == "" && in.Epoch.Equal(Undated),
		Files:     files, Segments: segments(files, segmentOf),
	}, nil
}

const (
	// microcodeSegment holds updates of processors.
	microcodeSegment = "microcode"
	// imageSegment holds layers of container images, which are compressed.
	imageSegment = "images"
)

// segments splits the tree by how often its parts change. Directories go where
// their files are: an archive must hold a directory before what lies in it.
func segments(files []tree.File, segmentOf map[string]string) []Segment {
	dirs := map[string]tree.File{}
	for _, f := range files {
		if f.Mode.IsDir() {
			dirs[f.Path] = f
		}
	}
	var out []Segment
	// The kernel looks for updates of processors where the initramfs begins, and unpacks nothing for that
	// (find_cpio_data in lib/earlycpio.c). The init and what it is told come first of the rest: where memory ends before the archive, they are there to say so.
	for _, s := range []Segment{{Name: microcodeSegment, Plain: true}, {Name: "uinit", Stable: true}, {Name: "config"}, {Name: usrSegment, Stable: true, Squashfs: true}, {Name: "modules", Stable: true}, {Name: "packages", Stable: true}, {Name: "commands", Stable: true}, {Name: imageSegment, Plain: true, Cached: true}} {
		have := map[string]bool{}
		for _, f := range files {
			segment, known := segmentOf[f.Path]
			if !known || segment != s.Name {
				continue
			}
			var above []tree.File
			for d := path.Dir(f.Path); d != "." && !have[d]; d = path.Dir(d) {
				have[d] = true
				above = append(above, dirs[d])
			}
			slices.Reverse(above)
			s.Files = append(s.Files, above...)
			if !f.Mode.IsDir() || !have[f.Path] {
				have[f.Path] = true
				s.Files = append(s.Files, f)
			}
		}
		if len(s.Files) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// MergedUsr moves a path of the old layout below /usr, where the image's links
// for /bin, /sbin, /lib and /lib64 point. A leading slash stays.
func MergedUsr(p string) string {
	rest, absolute := strings.CutPrefix(p, "/")
	first, _, deeper := strings.Cut(rest, "/")
	if !deeper || !slices.Contains([]string{"bin", "sbin", "lib", "lib64"}, first) {
		return p
	}
	if absolute {
		return "/usr/" + rest
	}
	return "usr/" + rest
}
