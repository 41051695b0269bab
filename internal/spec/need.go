package spec

// Program is a file of a package that a machine needs.
type Program struct {
	// Package is Debian's.
	Package string
	// File is its absolute path; "*" stands for one directory.
	File string
}

// Want is a kernel module that a machine needs.
type Want struct {
	// Module is its name, or an alias without wildcards ("fs-vfat").
	Module string
	// Why is for a person: the key of the profile.
	Why string
	// Optional: kernels without it do as well.
	Optional bool
}
