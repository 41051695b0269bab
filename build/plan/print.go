package plan

import (
	"cmp"
	"fmt"
	"io/fs"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
)

// String is the plan as text: the kernel, the command line, each module with its
// reason, each file with its source. Equal plans print equal text.
func (p *Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version  %s\nkernel   %s\ncmdline  %s\ninitrd   %d files in %d segments, %s\n", p.Version, p.Release, p.Cmdline, len(p.Files), len(p.Segments), p.Compression)
	fmt.Fprintf(&b, "\nmodules (%d)\n", len(p.Modules))
	for _, m := range p.Modules {
		fmt.Fprintf(&b, "  %-24s %s\n", m.Name, m.Why)
	}
	b.WriteString(p.lackingTable())
	for _, s := range p.Segments {
		links := tree.LinksOf(s.Files)
		fmt.Fprintf(&b, "\nsegment %s (%d files, %.1f MB)\n", s.Name, len(s.Files), float64(tree.Size(s.Files))/1e6)
		for _, f := range s.Files {
			if !f.Mode.IsDir() || s.Name == "config" {
				b.WriteString(line(f, links.Content(f)))
			}
		}
	}
	return b.String()
}

func line(f tree.File, content string) string {
	owner := ""
	if f.UID != 0 || f.GID != 0 {
		owner = fmt.Sprintf(" %d:%d", f.UID, f.GID)
	}
	what := ""
	switch {
	case f.Mode&fs.ModeSymlink != 0:
		what = " -> " + f.Link
	case content != f.Path:
		what = " == /" + content
	case f.Mode&fs.ModeDevice != 0:
		what = fmt.Sprintf(" %d:%d", f.Major, f.Minor)
	case f.Mode.IsRegular() && f.Body == nil:
		what = fmt.Sprintf(" %d", f.Size)
	}
	return fmt.Sprintf("  %s%s /%s%s  # %s\n", tree.ModeString(f.Mode), owner, f.Path, what, cmp.Or(f.Why, "directory"))
}
