package profile

import (
	"strings"

	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Name is an appliance's name, part of file names.
type Name string

// UnmarshalText accepts lower-case letters, digits and inner hyphens.
func (n *Name) UnmarshalText(b []byte) error {
	s := string(b)
	if s == "" || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || s[0] == '-' || s[len(s)-1] == '-' || len(s) > 48 {
		return spec.Unaccepted("up to 48 lower-case letters, digits and inner hyphens, such as edge-fw1", "%q is not a profile name", s)
	}
	*n = Name(s)
	return nil
}

// Version is an appliance's version; slot.Compare orders them.
type Version string

// UnmarshalText accepts what slot.CheckVersion does.
func (v *Version) UnmarshalText(b []byte) error {
	if err := slot.CheckVersion(string(b)); err != nil {
		return err
	}
	*v = Version(b)
	return nil
}

// Compression is how an initramfs is packed.
type Compression string

// Compressions that Debian's kernels unpack.
const (
	Zstd Compression = "zstd"
	XZ   Compression = "xz"
	Gzip Compression = "gzip"
	None Compression = "none"
)

// UnmarshalText accepts the compressions above.
func (c *Compression) UnmarshalText(b []byte) error {
	return spec.Choice(c, b, "a compression", Zstd, XZ, Gzip, None)
}

// UsrLayout is how /usr lies in the memory of a box.
type UsrLayout string

// Layouts of /usr.
const (
	UsrSquashfs UsrLayout = "squashfs"
	UsrUnpacked UsrLayout = "unpacked"
)

// UnmarshalText accepts the layouts above.
func (l *UsrLayout) UnmarshalText(b []byte) error {
	return spec.Choice(l, b, "a layout of /usr", UsrSquashfs, UsrUnpacked)
}

// hostname is the default host name: the profile's name.
func hostname(n Name) spec.Hostname { return spec.Hostname(n) }
