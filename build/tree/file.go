package tree

import "io/fs"

// File is one entry of the image's file tree.
type File struct {
	// Path is slash-separated, relative to the image's root, without a leading
	// slash: "etc/passwd".
	Path string
	// Mode holds type and permission bits (fs.ModeDir, fs.ModeSymlink,
	// fs.ModeDevice|fs.ModeCharDevice …).
	Mode fs.FileMode
	// Owner, 0 for root.
	UID, GID uint32
	// Link is a symbolic link's target.
	Link string
	// Major and Minor number a device node.
	Major, Minor uint32
	// Same is a text that the names of one regular file share, and no other file has (hard links);
	// empty where there is one name. See LinksOf.
	Same string
	// Body is the content of a file that the plan makes up.
	Body []byte
	// From names the content of any other regular file: see Source.
	From Source
	// Size in bytes of a regular file.
	Size int64
	// Why explains the file to a person: "module e1000e: driver set server-nic".
	Why string
}

// Source names content that lies outside the tree. The zero Source means Body.
type Source struct {
	// Store is kernel, package, go, overlay or file.
	Store string
	// Name is the store's member: a package's name, an overlay's, "uinit".
	Name string
	// Path is the file within it.
	Path string
	// Host is where the content lies on this machine. It is not part of the
	// plan's identity and not printed.
	Host string
	// SHA256 of the content in hex.
	SHA256 string
}

// String names the source for a person: "overlay site: etc/motd".
func (s Source) String() string {
	name := s.Store
	if s.Name != "" {
		name += " " + s.Name
	}
	if s.Path != "" {
		name += ": " + s.Path
	}
	return name
}
