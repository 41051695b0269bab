package profile

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Mode is a file's permissions in octal, as chmod(1) takes them, such as 0600, or usual: 0644, and 0755 for
// what may be executed and for directories.
type Mode string

// ModeUsual is what a file of an overlay has without a row.
const ModeUsual Mode = "usual"

// UnmarshalText accepts four octal digits and "usual".
func (m *Mode) UnmarshalText(b []byte) error {
	if _, err := strconv.ParseUint(string(b), 8, 12); string(b) != string(ModeUsual) && (err != nil || len(b) != 4) {
		return spec.Unaccepted(`four octal digits such as "0600" or "4755", or "usual" (0644, and 0755 for what may be executed)`, "is not a file's mode")
	}
	*m = Mode(b)
	return nil
}

// Bits are the permissions and special bits; those given for ModeUsual.
func (m Mode) Bits(usual fs.FileMode) fs.FileMode {
	n, err := strconv.ParseUint(string(m), 8, 12)
	if err != nil {
		return usual
	}
	bits := fs.FileMode(n & 0o777)
	for bit, special := range map[uint64]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if n&bit != 0 {
			bits |= special
		}
	}
	return bits
}

// Exact says whether a row of image.modes is one path, and not a pattern.
func Exact(row string) bool { return !strings.ContainsAny(row, `*?[\`) }

// MatchMode says whether a row of image.modes means an absolute path.
func MatchMode(row, file string) bool {
	return matchParts(strings.Split(row, "/"), strings.Split(file, "/"))
}

func matchParts(row, file []string) bool {
	switch {
	case len(row) == 0:
		return len(file) == 0
	case row[0] == "**":
		return matchParts(row[1:], file) || len(file) > 0 && matchParts(row, file[1:])
	case len(file) == 0:
		return false
	}
	ok, _ := path.Match(row[0], file[0]) // a bad pattern is told where it stands
	return ok && matchParts(row[1:], file[1:])
}

// modes checks the rows for themselves; what they match is known when the overlays are.
func (c *crosser) modes() {
	for _, row := range slices.Sorted(maps.Keys(c.p.Image.Modes)) {
		if _, err := path.Match(row, "/"); err != nil || !path.IsAbs(row) || path.Clean(row) != row || row == "/" {
			c.Sure().Bad(joinKey("image.modes", row), `is not the path of a file in the image; accepted: such as "/etc/x.key", "/etc/keys/*" or "/srv/**"`)
		}
	}
}
