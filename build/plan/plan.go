package plan

import (
	"fmt"
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
	// Uinit and Busybox are the compiled programs; Commands are the names that the
	// busybox is called by.
	Uinit, Busybox tree.File
	Commands       []string
	// Overlays in the order in which they are laid.
	Overlays []Overlay
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
	Name    string
	Kernel  tree.File
	Release string
	Cmdline string
	// Modules in the image and why each is there.
	Modules []kmod.Pick
	// Segments of the initramfs, in the order in which the kernel unpacks them.
	Segments []Segment
	// Files of all segments together, sorted.
	Files []tree.File
	// Compression of every segment.
	Compression profile.Compression
}

// Segment is a part of the initramfs that is packed on its own, so that what did not
// change need not be packed again.
type Segment struct {
	Name string
	// Stable segments change with versions, not with the profile's text: they are
	// worth the best compression and a place in the cache.
	Stable bool
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
	t := tree.New()
	segmentOf := map[string]string{}
	add := func(segment string, files ...tree.File) error {
		for _, f := range files {
			f.Path = MergedUsr(f.Path)
			if err := t.Add(f); err != nil {
				return err
			}
			segmentOf[f.Path] = segment
			if squashed && strings.HasPrefix(f.Path, "usr/") && f.UID == 0 && f.GID == 0 { // the squashfs is root's
				segmentOf[f.Path] = usrSegment
			}
		}
		return nil
	}
	for _, part := range []struct {
		segment string
		files   []tree.File
	}{
		{"uinit", uinitFiles(in.Uinit)},
		{"uinit", early},
		{"commands", commandFiles(in.Busybox, in.Commands)},
		{"modules", moduleFiles},
		{"packages", in.Packages},
		{"config", base()},
		{"config", settings},
	} {
		if err := add(part.segment, part.files...); err != nil {
			return nil, err
		}
	}
	for _, o := range in.Overlays {
		if err := lay(t, p, o, segmentOf); err != nil {
			return nil, err
		}
	}
	if err := offerModprobe(t, squashed, segmentOf); err != nil {
		return nil, err
	}
	if err := checkMounts(p, t.Files()); err != nil {
		return nil, err
	}
	if err := checkFiles(p, t); err != nil {
		return nil, err
	}
	return &Plan{
		Name: string(p.Name), Kernel: in.Kernel, Release: in.Modules.Release,
		Cmdline: p.KernelLine(), Modules: modules,
		Compression: p.Image.Compression,
		Files:       t.Files(), Segments: segments(t.Files(), segmentOf),
	}, nil
}

// lay puts an overlay over what is there. Only paths that the profile names may
// take the place of another file.
func lay(t *tree.Tree, p *profile.Profile, o Overlay, segmentOf map[string]string) error {
	for _, f := range o.Files {
		f.Path = MergedUsr(f.Path)
		put := t.Add
		if slices.ContainsFunc(p.Image.Replace, func(name string) bool { return MergedUsr(name) == "/"+f.Path }) {
			put = t.Replace
		}
		if f.Mode.IsDir() {
			if _, there := t.Lookup(f.Path); there {
				continue // an overlay's directory is only the way to its files
			}
		}
		if err := put(f); err != nil {
			return fmt.Errorf("laying overlay %q: %w (image.replace = [%q] lets the overlay win)", o.Name, err, "/"+f.Path)
		}
		segmentOf[f.Path] = "config"
	}
	var problems profile.Problems
	for _, d := range o.Dirs {
		d.Path = MergedUsr(d.Path)
		if err := t.Add(d); err != nil {
			problems = append(problems, profile.Problem{Pos: p.At(d.Why), Key: d.Why, Msg: err.Error() + "; accepted: leave it out, for what is not an overlay's keeps its mode"})
			continue
		}
		segmentOf[d.Path] = "config"
	}
	return problems.Sort().Err()
}

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
	// The init and what it is told come first: where memory ends before the archive, they are there to say so.
	for _, s := range []Segment{{Name: "uinit", Stable: true}, {Name: "config"}, {Name: usrSegment, Stable: true, Squashfs: true}, {Name: "modules", Stable: true}, {Name: "packages", Stable: true}, {Name: "commands", Stable: true}} {
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
