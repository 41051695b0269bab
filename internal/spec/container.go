package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Container is a program, or a system with an init of its own, that runs in namespaces and a control group of its own, by crun, from an
// OCI image that is in this machine's.
type Container struct {
	// The image: oci://REGISTRY/REPOSITORY:TAG, @sha256:DIGEST behind it pins it here (NAME.lock does in any case). Or, from the
	// profile on, an OCI layout, DIRECTORY:TAG, or an archive of "docker save" or in the OCI's layout, FILE.tar:NAME.
	Image string `json:"image"`
	// Program and its arguments in place of the image's, which is found as there.
	Command []string `json:"command,omitempty" zero:"refused" twice:"fine"`
	// Account of the image in place of its own choice, or numbers: USER or USER:GROUP.
	User string `json:"user,omitempty" zero:"refused"`
	// Directory in which it starts, in place of the image's.
	Directory string `json:"directory,omitempty" zero:"refused" accept:"an absolute path"`
	// Variables besides the image's. They are no place for secrets: whoever can read this machine's image reads them.
	Environment map[string]string `json:"environment,omitempty" lines:"several"`
	// It is a whole system: it has an init of its own, a console ("uinitctl container console NAME"), a control group to divide, and over
	// itself the rights that inits need. It restarts when it says so.
	System bool `json:"system,omitempty"`
	// Where what it writes goes, which lasts. Without it the root is read-only.
	Root ContainerRoot `json:"root,omitzero" zero:"refused"`
	// Directories in memory that it can write to, by their paths, each with its size.
	Tmpfs map[string]Size `json:"tmpfs,omitempty"`
	// Directories of this machine's mounts, by their paths in the container. The numbers of accounts are the container's there.
	Volume map[string]ContainerVolume `json:"volume,omitempty"`
	// Devices of this machine that it can use, such as /dev/ttyUSB0; one that does not exist keeps it from starting.
	Devices []string `json:"devices,omitempty" twice:"refused"`
	// Network interfaces of its own, by name.
	NIC map[string]ContainerNIC `json:"nic,omitempty"`
	// Ports of this machine that lead to it, each [ADDRESS:]PORT:PORT[/udp] with the container's last: IPv4, for as long as it runs.
	Publish []PublishedPort `json:"publish,omitempty" twice:"refused"`
	// It reaches other machines by this one's IPv4 addresses (NAT). Without this key it does by a nic only.
	NAT bool `json:"nat,omitempty"`
	// Which parts of the machine it has for itself (namespaces(7)). One that is left out is this machine's: with net all networks, with pid all processes,
	// without user its root is this machine's.
	Namespaces []ContainerNamespace `json:"namespaces,omitempty" default:"user pid net ipc uts cgroup" accept:"user, pid, net, ipc, uts, cgroup" twice:"refused" zero:"refused"`
	// Rights of root's that it has over itself, as for a service; none by default, with system = true those that inits need.
	Capabilities []Capability `json:"capabilities,omitempty" accept:"names of capabilities(7), without cap_" twice:"refused"`
	// System calls that it can make besides the usual ones, as for a service.
	SystemCalls []CallGroup `json:"system_calls,omitempty" accept:"@clock, @debug, @module, @mount, @privileged, @raw-io, @reboot, @swap, @known" twice:"refused"`
	// Lets programs that it starts have more rights than itself: setuid ones.
	NewPrivileges bool `json:"new_privileges,omitempty"`
	// Start it with this machine; on by default.
	Autostart *bool `json:"autostart,omitempty"`
	// What must be there first, as for a service. The mounts that its volumes lie in, and what its interfaces stand on, go without saying.
	Needs []string `json:"needs,omitempty"`
	// When to start it again after it ends.
	Restart Restart `json:"restart,omitempty" default:"on-failure"`
	// Pause before the first restart; it doubles with each one up to restart_max.
	RestartDelay Duration `json:"restart_delay,omitempty" default:"1s" accept:"1ms or more"`
	// Longest pause between two starts.
	RestartMax Duration `json:"restart_max,omitempty" default:"1m" accept:"1ms or more"`
	// Restarts within restart_window after which it has failed for good; without it there is no limit.
	RestartLimit int `json:"restart_limit,omitempty"`
	// Time over which restarts count for restart_limit.
	RestartWindow Duration `json:"restart_window,omitempty" default:"10m" accept:"1s or more"`
	// When it counts as started, as for a service: a port of its own network, a file in it. Without it, after a second of life.
	Ready Ready `json:"ready,omitzero" zero:"refused"`
	// Most memory that it may use, with what it writes to memory; when it needs more, the kernel ends it. By default half of what
	// services, guests and accounts may have.
	Memory Size `json:"memory,omitempty" zero:"refused"`
	// Most processes and threads that it may have at a time.
	PIDs int `json:"pids,omitempty" default:"1024" accept:"1 or more"`
	// Most processor time, as a share: 0.5 is half of one processor, 2 is two of them.
	CPU float64 `json:"cpu,omitempty" zero:"refused"`
	// Signal that asks it to end, in place of the image's, or TERM.
	StopSignal Signal `json:"stop_signal,omitempty" zero:"refused"`
	// How long it may take to end before it is killed.
	StopTimeout Duration `json:"stop_timeout,omitempty" default:"10s"`
}

// ContainerRoot is a writable root: what the image has lies below it, and stays as it is.
type ContainerRoot struct {
	// A file in one of the profile's mounts, or a logical volume as lvm:GROUP/VOLUME, with an ext4 of fixed size: a container cannot fill
	// more. A file that is not there is made, and so is the file system where there is none and the device is blank.
	Path string `json:"path,omitempty"`
	// Size of a file that is made.
	Size Size `json:"size,omitempty"`
}

// ContainerVolume is a directory of this machine that a container sees.
type ContainerVolume struct {
	// Directory in one of the profile's mounts; it is made where it is missing, for the container's root.
	Path string `json:"path"`
	// The container can't write there.
	ReadOnly bool `json:"read_only,omitempty"`
}

// ContainerNIC is a network interface of a container: a port of a bridge, or a second one beside an interface of this machine.
type ContainerNIC struct {
	// Name of the bridge that it is connected to.
	Bridge string `json:"bridge,omitempty"`
	// Name of the interface, a VLAN say, whose network it is on, by a hardware address of its own (macvlan). It and this machine don't
	// reach each other there.
	Link string `json:"link,omitempty"`
	// Its hardware address; by default one that stays the same, derived from the host's name, the container's and the interface's.
	MAC MAC `json:"mac,omitempty"`
	// Ask for an IPv4 address by DHCP.
	DHCP4 bool `json:"dhcp4,omitempty"`
	// Take IPv6 addresses and routes from router advertisements (SLAAC).
	RA bool `json:"ra,omitempty"`
	// Static addresses with their prefix length.
	Addresses []netip.Prefix `json:"addresses,omitempty" twice:"refused"`
	// Default routers, used with static addresses.
	Gateways []netip.Addr `json:"gateways,omitempty" twice:"refused"`
	// Largest packet in bytes; by default that of what it is connected to.
	MTU int `json:"mtu,omitempty" accept:"68 to 65535"`
	// It reaches this machine and the bridge's ports, but no other guest or container that is isolated as well.
	Isolated bool `json:"isolated,omitempty"`
}

// ContainerNamespace is a part of the machine that a container can have for itself; its mounts are its own in any case.
type ContainerNamespace string

// ContainerUser is the namespace of accounts, which makes the container's root nobody here.
const (
	ContainerUser   ContainerNamespace = "user"
	ContainerPID    ContainerNamespace = "pid"
	ContainerNet    ContainerNamespace = "net"
	ContainerIPC    ContainerNamespace = "ipc"
	ContainerUTS    ContainerNamespace = "uts"
	ContainerCgroup ContainerNamespace = "cgroup"
)

// UnmarshalText accepts the words above.
func (n *ContainerNamespace) UnmarshalText(b []byte) error {
	return Choice(n, b, "a namespace of containers", ContainerUser, ContainerPID, ContainerNet, ContainerIPC, ContainerUTS, ContainerCgroup)
}

// Has says whether a container has a part of the machine for itself.
func (c Container) Has(n ContainerNamespace) bool { return slices.Contains(c.Namespaces, n) }

// Starts says whether it starts with the machine.
func (c Container) Starts() bool { return c.Autostart == nil || *c.Autostart }

// File is where a writable root lies: a path.
func (r ContainerRoot) File() string {
	if group, name := volume(r.Path); group != "" {
		return "/dev/" + group + "/" + name
	}
	return r.Path
}

// PublishedPort is a port of this machine that leads to a container: [ADDRESS:]PORT:PORT[/tcp or /udp], the container's last.
type PublishedPort string

// Published is what a PublishedPort says. Address is not valid where it is every one of this machine's.
type Published struct {
	Address    netip.Addr
	Port, Into uint16
	UDP        bool
}

// Valid says whether it has that form.
func (p PublishedPort) Valid() bool {
	_, ok := p.split()
	return ok
}

// Parsed is what it says, as far as it is valid.
func (p PublishedPort) Parsed() Published {
	parsed, _ := p.split()
	return parsed
}

func (p PublishedPort) split() (all Published, ok bool) {
	text, protocol, given := strings.Cut(string(p), "/")
	if given && protocol != "tcp" && protocol != "udp" {
		return all, false
	}
	all.UDP = protocol == "udp"
	words := strings.Split(text, ":")
	if len(words) == 3 {
		address, err := netip.ParseAddr(words[0])
		if err != nil || !address.Is4() {
			return all, false
		}
		all.Address, words = address, words[1:]
	}
	if len(words) != 2 {
		return all, false
	}
	for i, to := range []*uint16{&all.Port, &all.Into} {
		n, err := strconv.ParseUint(words[i], 10, 16)
		if err != nil || n == 0 {
			return all, false
		}
		*to = uint16(n)
	}
	return all, true
}

// ContainerPort is the name of this machine's end of a container's interface, which is a bridge's port or, for host0, is routed: both
// names with -- between, which those of guests' interfaces do not have. Of names that do not fit (IFNAMSIZ in linux/if.h: 15 characters)
// it is the beginning and 20 bits of a hash.
func ContainerPort(container, nic string) string {
	const most, kept = 15, 8
	if name := container + "--" + nic; len(name) <= most {
		return name
	}
	sum := sha256.Sum256([]byte(container + "\x00" + nic))
	return container[:min(len(container), kept)] + "--" + hex.EncodeToString(sum[:])[:5]
}

// ContainerHost0 is the name of the interface by which ports are published, and which NAT goes by.
const ContainerHost0 = "host0"

// ContainerNetworks are the addresses on host0, of this machine and of containers.
func ContainerNetworks() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 88}), 16) }

// Routed says whether a container has that interface.
func (c Container) Routed() bool { return len(c.Publish) > 0 || c.NAT }

// ContainerDir is where a running machine keeps what belongs to one container.
func ContainerDir(name string) string { return path.Join("/run/containers", name) }

// VolumeGroup is the LVM volume group that a root lies in; "" where it lies in none.
func (r ContainerRoot) VolumeGroup() string {
	group, _ := volume(r.Path)
	return group
}
