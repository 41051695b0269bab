package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

const (
	// least is less than any guest does with; smaller numbers lack their unit.
	least = 16 << 20
	// sataPorts are those of QEMU's q35 machine.
	sataPorts = 6
)

type checker struct {
	problem.Judge
	m *spec.Machine
}

// check looks at virtual machines: each for itself, then what they would take from each other.
func check(j problem.Judge, m *spec.Machine) {
	c := checker{j, m}
	macs := map[spec.MAC]mac{} // those of guests, and of this machine, which are on the bridges as well
	for name, l := range m.Links() {
		if l.MAC != "" {
			macs[l.MAC] = mac{name, problem.JoinKey(l.Kind, name) + ".mac"}
		}
	}
	for _, name := range graph.Names(m.VM) {
		v, key := m.VM[name], problem.JoinKey("vm", name)
		if !isName(name) || len(name) > 12 {
			c.Sure().Bad(key, "is not a guest's name; accepted: up to 12 lower-case letters, digits and _, starting with a letter")
		}
		c.size(key, v)
		c.start(key, v)
		c.disks(key, v)
		c.nics(key, name, v, macs)
	}
	for _, circle := range circles(m.VM) {
		c.Of(rowKeys(circle)...).Bad(problem.JoinKey("vm", circle[0]), "guests wait for each other in a circle, by order or needs: %s", strings.Join(append(circle, circle[0]), " → "))
	}
}

// mac is whose address one is, and where it stands.
type mac struct{ tap, key string }

// isName says whether a name may become part of those of interfaces, files, control groups and QEMU's objects.
func isName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && name[0] >= 'a' && name[0] <= 'z'
}

func (c checker) size(key string, v spec.VM) {
	if v.Memory < least {
		c.Bad(key+".memory", "is %s; accepted: 16M and up", v.Memory)
	}
	if v.MemoryMax != 0 && v.MemoryMax < v.Memory+spec.VMOverhead {
		c.Of(key+".memory").Bad(key+".memory_max", "is %s, and the guest would be ended when it uses its %s; accepted: %s and up", v.MemoryMax, v.Memory, v.Memory+spec.VMOverhead)
	}
	if !cgroup.ValidCPU(v.CPU) {
		c.Bad(key+".cpu", "accepted: a share of processors, 0.01 to 1024, such as 0.5")
	}
	if v.RestartLimit < 0 {
		c.Bad(key+".restart_limit", "accepted: a number of restarts, or 0 for no limit")
	} else if v.Restart == spec.RestartNever {
		c.Of(key+".restart").Vain(key, []string{"restart_delay", "restart_limit"}, `is for a guest that is started again, and restart = "never"; accepted: "on-failure" or "always" there, or leave the key out`)
	}
}

// start checks what a guest is started from.
func (c checker) start(key string, v spec.VM) {
	for _, f := range []struct{ key, path string }{{"kernel", v.Kernel}, {"initrd", v.Initrd}} {
		if f.path != "" && (!path.IsAbs(f.path) || path.Clean(f.path) != f.path) {
			c.Bad(key+"."+f.key, "%q is not an absolute path without . or ..", f.path)
		}
	}
	if n := len(v.Cmdline); n > spec.MaxKernelLine {
		c.Bad(key+".cmdline", "is %d characters long, and the guest's kernel would cut off the end without a word; accepted: up to %d", n, spec.MaxKernelLine)
	}
	switch {
	case v.Kernel == "" && v.Initrd != "":
		c.Of(key+".kernel").Bad(key+".initrd", "goes with kernel; a disk brings its own")
	case v.Kernel == "" && v.Cmdline != "":
		c.Of(key+".kernel").Bad(key+".cmdline", "goes with kernel; a disk brings its own")
	case v.Kernel == "" && len(v.Disk) == 0:
		c.Bad(key, "has nothing to start from; accepted: kernel, or a disk")
	}
	if v.UEFIVars != "" && (v.Firmware != spec.VMUEFI || v.Kernel != "") {
		c.Of(key+".firmware", key+".kernel").Bad(key+".uefi_vars", `goes with firmware = "uefi" and no kernel`)
	}
	if v.UEFIVars != "" {
		state.Check(c.Judge, c.m, key+".uefi_vars", v.UEFIVars)
	}
}

// disks checks a guest's disks.
func (c checker) disks(guestKey string, v spec.VM) {
	sata := 0
	for _, name := range graph.Names(v.Disk) {
		d, key := v.Disk[name], problem.JoinKey(guestKey+".disk", name)
		file := d.File()
		device := strings.HasPrefix(file, "/dev/")
		readOnly := d.ReadOnly || d.Bus == spec.VMCDROM
		if !isName(name) || len(name) > 16 {
			c.Sure().Bad(key, "is not a disk's name; accepted: up to 16 lower-case letters, digits and _, starting with a letter")
		}
		if d.Bus != spec.VMVirtio {
			sata++
		}
		if !path.IsAbs(file) || path.Clean(file) != file || d.VolumeGroup() != "" && strings.Count(file, "/") != 3 {
			c.Bad(key+".path", "%q is no disk; accepted: an absolute path without . or .., or lvm:GROUP/VOLUME", d.Path)
		}
		for suffix, format := range map[string]spec.VMFormat{".qcow2": spec.VMQcow2, ".raw": spec.VMRaw} {
			if !device && strings.HasSuffix(file, suffix) && d.Format != format {
				c.Of(key).Warn(key+".format", "is %s, and the name of %s says %s; accepted: format = %q, or another name", d.Format, file, format, format)
			}
		}
		if at := state.ReadOnly(c.m, file); at != "" && !readOnly && !device {
			c.Of(problem.JoinKey("mount", at)).Bad(key+".path", "%s lies in %s, which is mounted read-only; accepted: read_only = true, or a file in a file system that can be written to", file, at)
		}
		switch {
		case d.Create && device:
			c.Of(key).Bad(key+".create", "makes files, and %s is a device; accepted: leave it out", d.Path)
		case d.Create && readOnly:
			c.Of(key).Bad(key+".create", "makes an empty disk, which a guest that can't write to it has no use for")
		case d.Create && (d.Size <= 0 || d.Size%512 != 0):
			c.Of(key).Bad(key+".size", "is %s; accepted: the size of the disk that is made, in multiples of 512", d.Size)
		case !d.Create && d.Size != 0:
			c.Of(key).Bad(key+".size", "goes with create = true; what is there has its size")
		case d.Create && !state.Mounted(c.m, path.Dir(file)):
			c.Of(key).Rows("mount").Bad(key+".path", "%s lies in memory and is gone after the boot; accepted: a file in one of the profile's mounts", d.Path)
		}
	}
	if sata > sataPorts {
		c.Bad(guestKey+".disk", "has %d drives on ahci and cdrom; accepted: up to %d, and any number on virtio", sata, sataPorts)
	}
}

// nics checks a guest's interfaces; taken are the addresses given so far.
func (c checker) nics(guestKey, guest string, v spec.VM, taken map[spec.MAC]mac) {
	bridges := graph.Names(c.m.Bridge)
	for _, name := range graph.Names(v.NIC) {
		n, key := v.NIC[name], problem.JoinKey(guestKey+".nic", name)
		tap := spec.Tap(guest, name)
		if _, clash := c.m.Links()[tap]; clash || !isName(name) || len(tap) > 15 {
			c.Sure().Bad(key, "%q is not a name for an interface of this machine; accepted: lower-case letters, digits and _, up to 15 together with the guest's and a hyphen, and none that another interface has", tap)
		}
		if !slices.Contains(bridges, n.Bridge) {
			c.Ref(n.Bridge, "bridge").Bad(key+".bridge", "there is no [%s]%s", problem.JoinKey("bridge", n.Bridge), suggest.DidYouMean(n.Bridge, bridges))
		}
		if n.MAC != "" && !n.MAC.One() {
			c.Bad(key+".mac", "%s is not an interface's address; accepted: an even first octet, and not all zeros", n.MAC)
		}
		if other, dup := taken[n.MAC]; dup && n.MAC != "" {
			c.Of(other.key).Bad(key+".mac", "%s is that of %s already", n.MAC, other.tap)
		}
		taken[n.MAC] = mac{tap, key + ".mac"}
		c.gate(key, n)
	}
}

// mostAddresses is what fits into a program of the kernel's (linux/bpf_common.h, BPF_MAXINSNS).
const mostAddresses = 64

// gate checks what a guest may send by an interface.
func (c checker) gate(key string, n spec.VMNIC) {
	if n.Trusted {
		c.Of(key+".trusted").Vain(key, []string{"addresses", "trunk"}, "says what the guest may send, and trusted = true that it may send anything; accepted: one of them")
	}
	if len(n.Addresses) > mostAddresses {
		c.Bad(key+".addresses", "has %d; accepted: up to %d, of which each may be a network", len(n.Addresses), mostAddresses)
	}
	for i, a := range n.Addresses {
		if at := a.Addr(); at.IsMulticast() || at.IsLoopback() || at.IsUnspecified() && a.Bits() > 0 {
			c.Bad(problem.JoinIndex(key+".addresses", i), "%s is nobody's address on a network; accepted: one that the guest has there", at)
		}
	}
}

// rowKeys are the keys of guests' rows.
func rowKeys(names []string) []string {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = problem.JoinKey("vm", name)
	}
	return keys
}

// circles finds guests that need others which start after them.
func circles(rows map[string]spec.VM) [][]string {
	waits := map[string][]string{}
	for name, v := range rows {
		if !v.Autostart {
			continue
		}
		waits[name] = spec.VMBefore(rows, name)
		for _, need := range v.Needs {
			if other, ok := strings.CutPrefix(need, "vm:"); ok {
				waits[name] = append(waits[name], other)
			}
		}
	}
	return graph.Circles(waits)
}
