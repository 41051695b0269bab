package image

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
)

// WriteListing writes files in the form of mtree(5), which bsdtar makes archives of.
func WriteListing(w io.Writer, nodes []*Node) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "#mtree")
	for _, n := range nodes {
		name := "."
		if n.Path != "." {
			name = "./" + escape(n.Path)
		}
		fmt.Fprintf(out, "%s type=%s uid=%d gid=%d mode=0%o time=%d.0", name, mtreeType(n), n.UID, n.GID, octal(n.Mode), max(n.ModTime.Unix(), 0))
		switch {
		case n.Mode&fs.ModeDevice != 0:
			fmt.Fprintf(out, " device=native,%d,%d", n.Major, n.Minor)
		case n.Mode&fs.ModeSymlink != 0:
			fmt.Fprintf(out, " link=%s", escape(n.Link))
		case n.Mode.IsRegular() && n.Kind == "":
			fmt.Fprintf(out, " size=%d", n.Size)
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

func mtreeType(n *Node) string {
	if n.Kind != "" {
		return "dir"
	}
	return map[fs.FileMode]string{0: "file", fs.ModeDir: "dir", fs.ModeSymlink: "link", fs.ModeDevice: "block",
		fs.ModeDevice | fs.ModeCharDevice: "char", fs.ModeNamedPipe: "fifo", fs.ModeSocket: "socket"}[n.Mode.Type()]
}

// octal gives permission and special bits as chmod(1) takes them.
func octal(m fs.FileMode) uint32 {
	bits := uint32(m.Perm())
	for bit, special := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if m&special != 0 {
			bits |= bit
		}
	}
	return bits
}

// escape writes what is no plain character as vis(3) does, in octal.
func escape(s string) string {
	var b []byte
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '\\' || c == '#' || c == '=' {
			b = fmt.Appendf(b, "\\%03o", c)
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}
