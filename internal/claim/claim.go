// Package claim tells which rows of a machine use which disk or file, by the names that they give, and which of them get
// in each other's way. What two different names stand for is seen at boot only (internal/holder).
package claim

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Use is what becomes of a disk or file.
type Use int

// The uses: others may read what is only read, and nothing else.
const (
	Reads Use = iota
	Holds     // reads, and lets nobody else have it
	Writes
)

// Claim is a row's use of a disk or file.
type Claim struct {
	// Key is where it stands: vm.web.disk.root.path.
	Key string
	// Text is how the row calls it.
	Text string
	// About is what it is to its row, behind the text: "is a disk of vm.web".
	About string
	Use   Use

	kind string // the row's
	name name
}

// Of lists the claims of a machine's rows, in the order in which one who comes later is the one to give way.
func Of(m *spec.Machine) []Claim {
	c := claims{m: m}
	for _, row := range slices.Sorted(maps.Keys(m.Array)) {
		c.array(row, m.Array[row])
	}
	for _, at := range slices.Sorted(maps.Keys(m.Mount)) {
		c.mount(at, m.Mount[at])
	}
	for _, row := range slices.Sorted(maps.Keys(m.WireGuard)) {
		c.file(problem.JoinKey("wireguard", row), "private_key_file", m.WireGuard[row].PrivateKeyFile.File, "is the key of", Writes)
	}
	for _, row := range slices.Sorted(maps.Keys(m.Share.ISCSI)) {
		c.iscsi(problem.JoinKey("share.iscsi", row), m.Share.ISCSI[row])
	}
	for _, row := range slices.Sorted(maps.Keys(m.VM)) {
		c.vm(problem.JoinKey("vm", row), m.VM[row])
	}
	return c.all
}

type claims struct {
	m   *spec.Machine
	all []Claim
}

func (c *claims) add(row, key, text, about string, use Use, n name) {
	kind, _, _ := strings.Cut(row, ".")
	c.all = append(c.all, Claim{row + key, text, about + " " + row, use, kind, n})
}

// file adds a path: a device's where it lies in /dev.
func (c *claims) file(row, key, text, about string, use Use) {
	if path.IsAbs(text) {
		c.add(row, "."+key, text, about, use, c.at(text))
	}
}

// array claims the members that it names, and itself by how it is known.
func (c *claims) array(name string, a spec.Array) {
	row, about := problem.JoinKey("array", name), "belongs to"
	for i, text := range a.Match.Members {
		c.add(row, problem.JoinIndex(".match.members", i), text, "is a member of", Writes, member(text))
	}
	switch {
	case a.Match.UUID != "":
		c.add(row, ".match.uuid", "the array "+string(a.Match.UUID), about, Writes, nameOf("array uuid", string(a.Match.UUID)))
	case a.Match.Name != "":
		c.add(row, ".match.name", "the array "+a.Match.Name, about, Writes, nameOf("array", a.Match.Name))
	case len(a.Match.Members) == 0 || a.Create:
		c.add(row, "", "the array "+name, about, Writes, nameOf("array", name))
	}
}

func (c *claims) mount(at string, m spec.Mount) {
	row, use := problem.JoinKey("mount", at), Writes
	if m.ReadsOnly() {
		use = Reads
	}
	if n, ok := source(m.Source); ok {
		c.add(row, ".source", m.Source, "is mounted by", use, n)
	} else if !bind(m) {
		c.file(row, "source", m.Source, "is mounted by", use)
	}
}

func (c *claims) iscsi(row string, s spec.ISCSIShare) {
	use := Writes
	if s.ReadOnly {
		use = Reads
		if strings.HasPrefix(s.Source, "/dev/") { // iblock_configure_device in drivers/target/target_core_iblock.c
			use = Holds
		}
	}
	c.file(row, "source", s.Source, "is offered by", use)
	c.file(row, "password_file", s.PasswordFile.File, "is the password of", Reads)
}

func (c *claims) vm(row string, v spec.VM) {
	for _, disk := range slices.Sorted(maps.Keys(v.Disk)) {
		d, use := v.Disk[disk], Writes
		if d.ReadOnly || d.Bus == spec.VMCDROM {
			use = Reads
		}
		if file := d.File(); path.IsAbs(file) {
			c.add(row, problem.JoinKey(".disk", disk)+".path", d.Path, "is a disk of", use, c.at(file))
		}
	}
	c.file(row, "uefi_vars", v.UEFIVars, "holds the UEFI variables of", Writes)
	c.file(row, "kernel", v.Kernel, "starts", Reads)
	c.file(row, "initrd", v.Initrd, "starts", Reads)
}
