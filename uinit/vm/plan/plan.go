// Package plan says what virtual machines need. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "vm", Tag: "novm", Used: used, Units: Units, Check: check, Needs: needs, Claims: claims, Programs: programs, Modules: modules, Facts: facts}

func used(d *spec.Description) bool { return len(d.VM) > 0 }

// programs are QEMU and what it reads, as Debian packages them.
func programs(m *spec.Machine) []spec.Program {
	if len(m.VM) == 0 {
		return nil
	}
	all := []spec.Program{
		{Package: "qemu-system-x86", File: "/usr/bin/qemu-system-x86_64"},
		// QEMU loads it by name, so nothing shows that it is needed.
		{Package: "qemu-system-common", File: "/usr/lib/*/qemu/accel-tcg-x86_64.so"},
		{Package: "qemu-system-data", File: "/usr/share/qemu/kvmvapic.bin"},
		{Package: "qemu-system-data", File: "/usr/share/qemu/linuxboot_dma.bin"}, // starts a kernel that is given
		{Package: "seabios", File: "/usr/share/seabios/bios-256k.bin"},
	}
	for _, v := range m.VM {
		if v.Firmware == spec.VMUEFI {
			return append(all,
				spec.Program{Package: "ovmf", File: "/usr/share/OVMF/OVMF_CODE_4M.fd"},
				spec.Program{Package: "ovmf", File: "/usr/share/OVMF/OVMF_VARS_4M.fd"})
		}
	}
	return all
}

// GateModules are what the kernel needs to keep guests to themselves (uinit/vm/qemu/gate).
var GateModules = []string{"sch_ingress", "cls_bpf"}

// Gated says whether some guest is kept to itself.
func Gated(rows map[string]spec.VM) bool {
	for _, v := range rows {
		for _, n := range v.NIC {
			if !n.Trusted {
				return true
			}
		}
	}
	return false
}

// modules are KVM's for either vendor, and what guests' interfaces are made of.
func modules(m *spec.Machine) []spec.Want {
	if len(m.VM) == 0 {
		return nil
	}
	wants := []spec.Want{{Module: "tun", Why: "vm"}}
	if Gated(m.VM) {
		for _, name := range GateModules {
			wants = append(wants, spec.Want{Module: name, Why: "vm"})
		}
	}
	for _, name := range []string{"kvm_intel", "kvm_amd", "vhost_net"} {
		wants = append(wants, spec.Want{Module: name, Why: "vm", Optional: true})
	}
	return wants
}
