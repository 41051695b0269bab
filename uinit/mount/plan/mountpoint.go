package plan

import (
	"path"
	"slices"
	"strings"
	"unicode"
)

// reserved are the places over which nothing may be mounted: the box would not start, or nobody could enter it. Where below is
// set, nor may anything below them. A row for /tmp or /dev/shm takes the place of uinit's own; /home, /mnt, /opt, /root, /srv, /var and what lies in them are free, as are folders of one's own in
// /etc, /run, /tmp, /usr/local and /usr/share.
var reserved = []struct {
	at    string
	below bool
	why   string
}{
	{"/proc", true, "is mounted by uinit itself"},
	{"/sys", true, "is mounted by uinit itself, and the kernel says what lies there"},
	{"/dev", true, "is mounted by uinit itself, and holds the devices"},
	{"/run", false, "is mounted by uinit itself, and holds what programs find each other by"},
	{"/init", true, "is uinit, which starts everything"},
	{"/early", true, "holds /usr, and the drivers for it"},
	{"/etc", false, "holds the accounts, and what this machine is"},
	{"/etc/uinit", true, "holds what this machine is"},
	{"/usr", false, "holds the programs"},
	{"/usr/share", false, "holds what programs read"},
	{"/usr/bin", true, "holds the programs"},
	{"/usr/sbin", true, "holds the programs"},
	{"/usr/libexec", true, "holds the programs"},
	{"/usr/lib", true, "holds the libraries and drivers that programs need"},
	{"/usr/lib64", true, "holds the libraries that programs need"},
}

// ofServers are the folders in /run in which uinit and the servers that it starts keep what they need.
var ofServers = []string{"guest", "lock", "nfsdcld", "rpc_pipefs", "samba", "ssh", "uinit", "vm"}

// mountPoint says why nothing can be mounted at a place, and what is accepted; "" where something can.
func mountPoint(at string) string {
	const accepted = `; accepted: a folder of its own, such as "/srv"`
	switch {
	case !path.IsAbs(at) || path.Clean(at) != at || at == "/":
		return `is not a mount point; accepted: an absolute path without . or .., such as "/srv", and not "/"`
	case strings.ContainsFunc(at, func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(` "'\`, r) }):
		return `is not a mount point; accepted: a path without blanks, quotes and \, which tables of mounts write otherwise`
	}
	place := physical(at)
	for _, r := range reserved {
		if place == "/dev/shm" {
			break
		}
		if place == r.at || r.below && strings.HasPrefix(place, r.at+"/") {
			return r.why + accepted
		}
	}
	if rest, ok := strings.CutPrefix(place, "/run/"); ok {
		first, _, _ := strings.Cut(rest, "/")
		if slices.Contains(ofServers, first) || strings.HasPrefix(first, "uinit") {
			return "is uinit's own" + accepted
		}
	}
	return ""
}

// links are those of every image: what is asked for in one place lies in another.
var links = map[string]string{"/bin": "/usr/bin", "/sbin": "/usr/sbin", "/lib": "/usr/lib", "/lib64": "/usr/lib64", "/var/run": "/run"}

func physical(at string) string {
	for from, to := range links {
		if at == from || strings.HasPrefix(at, from+"/") {
			return to + at[len(from):]
		}
	}
	return at
}
