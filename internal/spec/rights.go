package spec

import (
	"slices"
	"strings"
)

// Capability is one of the parts that root's rights are divided into (capabilities(7)), without cap_.
type Capability string

// capabilities are all, each at its number (linux/capability.h).
const capabilities = "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service " +
	"net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot " +
	"sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog " +
	"wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"

// Capabilities are all that there are, in the order of the kernel's numbers, from 0 on.
func Capabilities() []Capability {
	var all []Capability
	for name := range strings.FieldsSeq(capabilities) {
		all = append(all, Capability(name))
	}
	return all
}

// UnmarshalText accepts the names, in any case, with cap_ too.
func (c *Capability) UnmarshalText(b []byte) error {
	name := strings.TrimPrefix(strings.ToLower(string(b)), "cap_")
	return Choice(c, []byte(name), "a capability", Capabilities()...)
}

// CapabilityMask has the bit of each of these capabilities, as /proc/PID/status shows them.
func CapabilityMask(some []Capability) (mask uint64) {
	for i, c := range Capabilities() {
		if slices.Contains(some, c) {
			mask |= 1 << i
		}
	}
	return mask
}

// CallGroup is a group of system calls, as systemd.exec(5) names them.
type CallGroup string

// Groups of system calls that are no server's daily work. CallsKnown is all of them and all others: no filter.
const (
	CallsClock      CallGroup = "@clock"
	CallsDebug      CallGroup = "@debug"
	CallsModule     CallGroup = "@module"
	CallsMount      CallGroup = "@mount"
	CallsPrivileged CallGroup = "@privileged"
	CallsRawIO      CallGroup = "@raw-io"
	CallsReboot     CallGroup = "@reboot"
	CallsSwap       CallGroup = "@swap"
	CallsKnown      CallGroup = "@known"
)

// UnmarshalText accepts the words above.
func (g *CallGroup) UnmarshalText(b []byte) error {
	return Choice(g, b, "a group of system calls", CallsClock, CallsDebug, CallsModule, CallsMount, CallsPrivileged, CallsRawIO, CallsReboot, CallsSwap, CallsKnown)
}

// CanWrite says whether a service may write to a file that everybody finds at the same place; its own /tmp is none.
func (s Service) CanWrite(file string) bool {
	if s.Unconfined {
		return true
	}
	own := Within(file, "/tmp") && !slices.Contains(s.Writable, "/tmp") || Within(file, "/dev") && !slices.Contains(s.Writable, "/dev")
	return slices.ContainsFunc(s.Writable, func(place string) bool { return Within(file, place) && (!own || place != "/") })
}

// Within says whether a clean, absolute path is a place or lies in it.
func Within(file, place string) bool {
	return file == place || strings.HasPrefix(file, strings.TrimSuffix(place, "/")+"/")
}
