package plan

import "testing"

// Nothing may be mounted over what the box starts from, or is entered by; what an owner would mount is free.
func TestMountPoints(t *testing.T) {
	for at, want := range map[string]bool{
		"/srv": true, "/srv/films": true, "/home": true, "/root": true, "/var": true, "/var/lib": true, "/var/log": true, "/mnt/a-b_c.d": true, "/opt/über": true,
		"/data": true, "/boot": true, "/etc/ssl/private": true, "/run/data": true, "/tmp/big": true, "/usr/local": true, "/usr/share/maps": true, "/usrlocal": true,
		"/": false, "srv": false, "/srv/": false, "/srv/../etc": false, "": false,
		"/a b": false, "/a\tb": false, "/a\nb": false, "/a\x00": false, `/a\040b`: false, `/a"b`: false, "/a\u00a0b": false,
		"/etc": false, "/etc/uinit": false, "/init": false, "/init/x": false, "/early": false, "/early/x": false,
		"/usr": false, "/usr/bin": false, "/usr/sbin/x": false, "/usr/lib/modules": false, "/usr/lib64": false, "/usr/libexec": false, "/usr/share": false,
		"/bin": false, "/sbin": false, "/lib": false, "/lib64": false, "/lib/firmware": false, "/lib/modules/6.1": false,
		"/proc": false, "/proc/fs/nfsd": false, "/sys": false, "/sys/fs": false, "/sys/fs/bpf": false, "/sys/fs/cgroup": false, "/dev": false, "/dev/shm": true, "/dev/shm/x": false,
		"/dev/pts": false, "/run": false, "/tmp": true, "/run/ssh": false, "/run/uinit": false, "/run/samba/ncalrpc": false, "/var/run": false, "/var/run/ssh": false,
	} {
		if got := mountPoint(at); (got == "") != want {
			t.Errorf("%q: %q, want it accepted: %v", at, got, want)
		}
	}
}
