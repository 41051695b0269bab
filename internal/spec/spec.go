// Package spec describes a machine as uinit reads it. It is the one contract
// between the builder, which writes it into the image as JSON, and uinit,
// which turns it into units. It depends on the standard library only, so that
// neither side drags the other's dependencies along.
//
// Field tags name the key in both JSON and TOML; doc comments are the profile
// reference (docs/profile.md is generated from them).
package spec

// Path is where the builder puts the machine's description in the image.
const Path = "/etc/uinit/machine.json"

// Where the builder puts what /usr is mounted from before anything else is done: a squashfs, and the modules that
// it takes, with tables of their own as in a directory of /lib/modules.
const (
	EarlyDir = "/early"
	UsrImage = EarlyDir + "/usr.squashfs"
)

// Machine is what uinit makes of a box: everything that is set up at boot.
type Machine struct {
	// Host name; by default the profile's name. Letters, digits and hyphens
	// in dot-separated labels (RFC 1123).
	Hostname Hostname `json:"hostname,omitempty" site:"hostname" example:"\"box\""`
	// Consoles with a login, by terminal device, such as ttyS0, tty1, hvc0.
	// "ttyS*" stands for every serial port the kernel found.
	Console map[string]Console `json:"console,omitempty"`
	// Accounts. root is always there, locked unless a row gives it a hash or keys.
	User map[string]User `json:"user,omitempty" always:"root"`
	// Who may log in at all, apart from the accounts.
	Access Access `json:"access,omitzero"`
	// Network interfaces of hardware, matched by what they are and given the row's name.
	Ethernet map[string]Ethernet `json:"ethernet,omitempty"`
	// Interfaces joined into one. The names of interfaces are unique over all kinds.
	Bond map[string]Bond `json:"bond,omitempty"`
	// Tagged networks, such as [vlan."bond0.20"].
	VLAN map[string]VLAN `json:"vlan,omitempty" site:"vlans"`
	// Switches between interfaces.
	Bridge map[string]Bridge `json:"bridge,omitempty"`
	// Whether bridged frames pass the rules for routed packets; they don't by default.
	BridgeFilter BridgeFilter `json:"bridge_filter,omitzero"`
	// Interfaces without a network behind them.
	Dummy map[string]Dummy `json:"dummy,omitempty"`
	// WireGuard interfaces.
	WireGuard map[string]WireGuard `json:"wireguard,omitempty" site:"wireguard"`
	// Routes besides those of gateways, DHCP and router advertisements.
	Route map[string]Route `json:"route,omitempty"`
	// Which packets use which table of routes.
	Rule map[string]Rule `json:"rule,omitempty"`
	// The packet filter; there is one where this table is.
	Firewall *Firewall `json:"firewall,omitempty"`
	// Arrays of disks (md), by name: [array.data] is /dev/md/data.
	Array map[string]Array `json:"array,omitempty"`
	// File systems, by mount point.
	Mount map[string]Mount `json:"mount,omitempty"`
	// File and disk shares: NFS, SMB, iSCSI.
	Share Share `json:"share,omitzero"`
	// Programs that uinit starts and supervises.
	Service map[string]Service `json:"service,omitempty"`
	// Virtual machines.
	VM map[string]VM `json:"vm,omitempty"`
	// Containers.
	Container map[string]Container `json:"container,omitempty"`
	// The SSH server; there is one where this table is.
	SSH *SSH `json:"ssh,omitempty"`
	// Metrics for Prometheus; there are some where this table is.
	Metrics *Metrics `json:"metrics,omitempty"`
	// The watchdog; it is used where this table is.
	Watchdog *Watchdog `json:"watchdog,omitempty"`
	// Kernel modules: parameters, and what to load (or never to load) at boot.
	Module map[string]Module `json:"module,omitempty"`
	// Kernel settings written at boot, before any interface comes up, and within a minute again where others change them:
	// "net.ipv4.ip_forward" = "1". Slashes separate as well as dots (sysctl.d(5)). Unless they stand here, kernel.kptr_restrict,
	// kernel.dmesg_restrict and kernel.yama.ptrace_scope are 1, and there are no user namespaces but root's: kernel.unprivileged_userns_clone
	// is 0, or user.max_user_namespaces where a kernel lacks that.
	Sysctl map[string]string `json:"sysctl,omitempty" scalar:"true"`
	// Where what must outlast a boot is kept.
	State State `json:"state,omitzero"`
	// Where the clock comes from.
	Time Time `json:"time,omitzero"`
	// New versions of the box; it takes some where this table is.
	Update *Update `json:"update,omitempty"`
	// Where log records go.
	Log Log `json:"log,omitzero"`
	// Where the next boot's randomness comes from.
	Entropy Entropy `json:"entropy,omitzero"`
	// What the box's owner may change without a new image.
	Site *Site `json:"site,omitempty"`
	// Limits of the boot as a whole.
	Boot Boot `json:"boot,omitzero"`
}

// SiteHostname is for the host's name.
const SiteHostname SiteKey = "hostname"

// Boot bounds the boot, so that none can hang, and says who may change how it goes.
type Boot struct {
	// How long a unit may take before it is reported as late and boot goes on
	// without it.
	UnitTimeout Duration `json:"unit_timeout,omitempty" default:"30s" accept:"1ms or more"`
	// How long shutdown waits for all services before it kills what is left.
	StopTimeout Duration `json:"stop_timeout,omitempty" default:"15s"`
	// Least memory of a machine that this is made for. One with less says so before all else, and goes on with what has room:
	// of an initramfs too large for it the kernel drops the end.
	MemoryMin Size `json:"memory_min,omitempty" zero:"refused"`
	// Password of the boot menu of disks and ISOs, as "imgbuild hash --grub" prints its hash. With it
	// the menu's editor, its command line and the rescue entry ask for it, and for the user name root; a boot without
	// keys goes on by itself. On UEFI a signed medium's menu has no editor and no command line, with or without. Netboot and a boot
	// loader of your own have no part in this.
	PasswordHash GRUBHash `json:"password_hash,omitempty"`
}

// Console is a terminal that offers a login.
type Console struct {
	// Line speed in bits per second, for serial ports.
	Speed int `json:"speed,omitempty" default:"115200" accept:"50 to 4000000, as termios(3) knows them"`
	// What the terminal offers: asking for a password, a root shell at once, or nothing
	// (kernel messages only). Once the first terminal asks who is there the kernel's consoles show
	// errors only, so that the prompt stays the last line, unless a terminal here offers nothing,
	// or loglevel=7 is among kernel.cmdline.
	Login Login `json:"login,omitempty" default:"password"`
	// Value of TERM; by default vt220 on serial ports, linux on the screen.
	Term string `json:"term,omitempty" zero:"refused"`
	// No kernel messages here: the kernel line need not name this console.
	Quiet bool `json:"quiet,omitempty"`
	// Text above the login prompt, in place of the standard one; "" for none. \n stands for the
	// host name, \l the terminal, \4 and \6 the first addresses, \s the serial
	// number, \r the kernel release (agetty(8)), \k the fingerprint of the SSH host key.
	Issue *string `json:"issue,omitempty" lines:"several"`
}

// Access states who gets in besides accounts with a hash or keys.
type Access struct {
	// A virtual machine's host may hand over root's password hash for this boot
	// through QEMU's fw_cfg, as "imgbuild run" does. Whoever can do that
	// owns the machine anyway; nothing is stored in the image.
	HostPassword bool `json:"host_password,omitempty"`
	// States that nobody is meant to log in; without it a profile whose
	// consoles nobody could use is refused.
	Nobody bool `json:"nobody,omitempty"`
	// Whoever sits at a console of the kernel line gets a root shell without a password where root has none: with
	// uinit.rescue, single, S or 1 on the kernel line, the rescue entry of the boot menu, or uinit.panic=rescue. Without
	// this key such a shell asks for root's password, and where there is none the boot goes on and says so.
	RescueWithoutPassword bool `json:"rescue_without_password,omitempty"`
}

// What site.toml can change of accounts that the profile has, and of root.
const (
	// SitePasswordHash is for passwords.
	SitePasswordHash SiteKey = "password_hash"
	// SiteAuthorizedKeys is for keys of SSH.
	SiteAuthorizedKeys SiteKey = "authorized_keys"
)

// User is an account.
type User struct {
	// Password hash as crypt(5) writes it: $y$, $6$ or $5$ ("imgbuild hash" makes one), or where the box finds it.
	// Without one, and until it is found, the account has no password and can't log in with one.
	PasswordHash SecretHash `json:"password_hash,omitzero" image:"file" site:"password_hash" example:"\"$6$salt$hash\" # as \"openssl passwd -6\" prints it"`
	// Public keys for SSH, one in each string, as in authorized_keys.
	AuthorizedKeys []string `json:"authorized_keys,omitempty" secret:"by mistake" site:"authorized_keys" example:"[\"ssh-ed25519 AAAA... me@laptop\"]"`
	// Password for SMB, where a share names the account: the NT hash of it. Who reads it can
	// log in by SMB.
	NTHash SecretNTHash `json:"nt_hash,omitzero" image:"file"`
	// User and group number; root is 0, others count up from 1000 in name order.
	UID *uint32 `json:"uid,omitempty"`
	// Login shell.
	Shell string `json:"shell,omitempty" default:"/bin/sh" zero:"refused" image:"program"`
	// The account gets SFTP below this directory and nothing else: no shell, no command, no terminal, by SSH or at a console. The
	// directory, and each that it lies in, must be root's and not to be written by others (ChrootDirectory of sshd_config(5)): the
	// account writes in directories of its own below, such as a home there, in which it begins.
	SFTPOnly string `json:"sftp_only,omitempty" zero:"refused" example:"\"/srv/upload\" # with home = \"/srv/upload/NAME\""`
	// Home directory; by default /root for root and /home/NAME for others.
	Home string `json:"home,omitempty" zero:"refused"`
	// Most memory that all its sessions may use together, on consoles and by SSH, with what they write to /tmp; when they
	// need more, the kernel ends the largest program. By default five eighths of what services, guests and
	// accounts may have, which is nearly all; root's sessions may have that.
	Memory Size `json:"memory,omitempty" zero:"refused"`
	// Most processes and threads that its sessions may have at a time, by default an eighth of what the kernel can
	// have; half of that for root.
	PIDs int `json:"pids,omitempty" accept:"1 or more"`
}

// Mount is a file system attached at boot.
type Mount struct {
	// What to mount: a device path, LABEL=… or UUID=… of a file system, PARTLABEL=… or PARTUUID=…
	// of a partition, array:NAME, lvm:GROUP/VOLUME, or a source such as tmpfs.
	Source string `json:"source"`
	// File system type, as in /proc/filesystems.
	Type string `json:"type" accept:"ext4, xfs, btrfs, vfat, iso9660, squashfs, tmpfs ..."`
	// Mount options, as in mount(8). They come after nosuid, nodev and, for ext4, errors=remount-ro: what lies on a disk makes
	// nobody root, and does not halt the machine; suid, dev and errors=continue say otherwise.
	Options []string `json:"options,omitempty"`
	// Boot does not count as failed when this file system is missing.
	NoFail bool `json:"nofail,omitempty"`
	// What is done to it first: nothing, or repairs that need no decision (e2fsck -p, fsck.fat -a), after
	// which one that is still damaged is not mounted. For ext4 and vfat. Without this key that is done to
	// ext4, unless it is mounted read-only.
	Fsck Fsck `json:"fsck,omitempty" accept:"none, preen"`
	// Make the file system where the device is blank, once: no signature on it, no copy of a superblock or of a partition
	// table, and zeros wherever it is looked at (docs/nas.md). For ext4.
	Create bool `json:"create,omitempty"`
	// How long to wait for the device.
	Timeout Duration `json:"timeout,omitempty" default:"30s" accept:"1ms or more"`
}

// Module says what becomes of a kernel module.
type Module struct {
	// Parameters, as on modprobe's command line; the kernel line's
	// MODULE.PARAMETER=VALUE goes after them and wins.
	Parameters map[string]string `json:"parameters,omitempty" scalar:"true"`
	// Load it at boot, without waiting for a device that asks for it.
	Load bool `json:"load,omitempty"`
	// Never load it for a device.
	Blacklist bool `json:"blacklist,omitempty"`
}
