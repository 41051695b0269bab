// Package kmod knows a kernel's modules: what each needs, which files a set of
// wanted drivers comes to, and the index files a module loader reads. It works on
// an unpacked kernel package, which brings no modules.dep of its own.
package kmod

import "strings"

// Module is one module of a kernel, loadable or built in.
type Module struct {
	// Name with underscores, as /proc/modules has it: "virtio_net".
	Name string
	// Path is where the uncompressed module lies below the module directory:
	// "kernel/drivers/net/virtio_net.ko". It may be empty for a built-in part.
	Path string
	// Packed is the suffix the kernel package compresses it with: "", ".xz", ".zst"
	// or ".gz".
	Packed string
	// Size of the uncompressed module in bytes.
	Size int64
	// Builtin modules are part of the kernel image and have no file.
	Builtin bool
	// Depends names the modules whose symbols it uses, by MODULE_INFO(depends).
	Depends []string
	// Pre and Post name what MODULE_SOFTDEP asks to load before and after it, if
	// there. They may be aliases.
	Pre, Post []string
	// Names are its aliases without wildcards: "fs-ext4", "crypto-crc32c".
	Names []string
	// Firmware files it may ask for, below /lib/firmware.
	Firmware []string
	// Params are the names of its parameters.
	Params []string

	// patterns are its aliases with wildcards, one a line. A kernel has 20,000 of
	// them, and an image needs those of a few modules: they stay one string.
	patterns string
}

// Patterns are the aliases with wildcards, as the kernel's MODALIAS of a device is
// matched: "pci:v00008086d000010D3sv*sd*bc*sc*i*".
func (m *Module) Patterns() []string {
	if m.patterns == "" {
		return nil
	}
	return strings.Split(m.patterns, "\n")
}

// Canonical is a module's name as the kernel spells it: with underscores.
func Canonical(name string) string { return strings.ReplaceAll(name, "-", "_") }

// Index holds the modules of one kernel. It is not changed once made, and may be
// used by several goroutines.
type Index struct {
	// Release is what uname -r says: "6.1.0-56-amd64".
	Release string
	// Dir is the module directory in the file system that was scanned:
	// "lib/modules/6.1.0-56-amd64".
	Dir string
	// Modules in the order of modules.order, which decides which of two modules with
	// the same alias a loader tries first; built-in ones come last.
	Modules []Module

	byName  map[string]int
	byAlias map[string][]int
}

// Lookup finds a module by name; "-" and "_" are the same.
func (x *Index) Lookup(name string) (*Module, bool) {
	i, ok := x.byName[Canonical(name)]
	if !ok {
		return nil, false
	}
	return &x.Modules[i], true
}

// resolve finds the modules that name means: the one of that name, else all that
// have it as an alias without wildcards, as modprobe does.
func (x *Index) resolve(name string) []int {
	if i, ok := x.byName[Canonical(name)]; ok {
		return []int{i}
	}
	return x.byAlias[Canonical(name)]
}

// connect makes the maps from the modules.
func (x *Index) connect() {
	x.byName = make(map[string]int, len(x.Modules))
	x.byAlias = map[string][]int{}
	for i := range x.Modules {
		m := &x.Modules[i]
		if _, twice := x.byName[m.Name]; !twice {
			x.byName[m.Name] = i
		}
		for _, name := range m.Names {
			name = Canonical(name)
			x.byAlias[name] = append(x.byAlias[name], i)
		}
	}
}
