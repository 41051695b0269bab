package qemu_tests

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// owner is who has a stick: a key for SSH, and what others have to know of it.
func owner(t *testing.T) (private, public string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
}

// office is where the stick's owner sits: the other end of its tunnel, and a server of files.
func office(t *testing.T, private string, wire *lan.Segment) *qemu.Guest {
	t.Helper()
	a := extended(t, cloud+fmt.Sprintf(`
[image]
overlays = ["headless", "files"]
[image.modes]
"/etc/owner" = "0600"
[packages.openssh-client]
files = ["/usr/bin/ssh", "/usr/bin/scp"]
[run]
memory = "768M"
[run.disk.data]
size       = "128M"
filesystem = "ext4"
label      = "data"
[ethernet.lan]
dhcp4     = false
addresses = ["192.0.2.1/24"]
[wireguard.wg0]
private_key_file = "/etc/tunnel/key"
listen_port      = 51820
addresses        = ["10.99.0.1/24"]
[wireguard.wg0.peer.stick]
public_key  = %q
allowed_ips = ["10.99.0.7/32"]
[mount."/srv"]
source = "LABEL=data"
type   = "ext4"
[user.anna]
nt_hash = %q
# A server as of old: version 3 of NFS, which is found by the port mapper.
[packages.rpcbind]
files = ["/sbin/rpcbind"]
[packages.nfs-ganesha]
files = ["/usr/bin/ganesha.nfsd"]
[packages.nfs-ganesha-vfs]
files = ["/usr/lib/*/ganesha/libfsalvfs.so"]
[user._rpc]
shell = "/usr/sbin/nologin"
home  = "/nonexistent"
[service.rpcbind]
command    = ["/sbin/rpcbind", "-f"]
unconfined = true
ready      = { port = 111 }
[service.ganesha]
command    = ["/bin/ganesha.nfsd", "-F", "-L", "/dev/stderr", "-f", "/etc/ganesha.conf", "-p", "/run/ganesha.pid"]
unconfined = true
needs      = ["service:rpcbind", "share:nfs"] # the kernel's server takes all of NFS from the port mapper when it starts
ready      = { port = 2050 }
[share]
state = "/srv/state"
[share.nfs.films]
path    = "/srv/films"
clients = ["192.0.2.2/32"]
squash  = "none"
create  = true
[share.smb.letters]
path   = "/srv/letters"
users  = ["anna"]
create = true
owner  = "anna"
`, tunnelEnds[1].public, ntHash(sharePassword)), map[string]string{"files/etc/tunnel/key": tunnelEnds[0].private + "\n", "files/etc/owner": private, "files/etc/ganesha.conf": oldNFS})
	return a.plugged(t, 0, "", wire)
}

// oldNFS is the configuration of a server of version 3, beside the kernel's of version 4.
const oldNFS = `NFS_CORE_PARAM { Protocols = 3; NFS_Port = 2050; MNT_Port = 2051; Enable_NLM = false; Enable_RQUOTA = false; }
NFSV4 { UseGetpwnam = true; }
NFS_KRB5 { Active_krb5 = false; }
EXPORT { Export_Id = 1; Path = /srv; Access_Type = RW; Squash = None; FSAL { Name = VFS; } }
`

// A rescue stick whose owner has written a key and a tunnel into site.toml: it dials in, he logs in from afar, and what the stick
// recommends does what it says, with volumes that Debian's tools made, with servers of files, and by hand.
func TestRescueAtWork(t *testing.T) {
	t.Parallel()
	private, public := owner(t)
	wire := segment(t)
	afar := office(t, private, wire)
	g := rescueAtWork(t, wire, fmt.Sprintf(`[user.root]
authorized_keys = [%q]
[ethernet.lan]
dhcp4 = false
addresses = ["192.0.2.2/24"]
[wireguard.home]
private_key = %q
addresses = ["10.99.0.7/24"]
[wireguard.home.peer.office]
public_key = %q
endpoint = "192.0.2.1:51820"
allowed_ips = ["10.99.0.0/24"]
keepalive = "1s"
`, public, tunnelEnds[1].private, tunnelEnds[0].public))
	for _, box := range []*qemu.Guest{afar, g} {
		until(t, box, "the boot", isBooted)
	}
	s := until(t, g, "what the owner wrote", func(s *report.State) bool {
		return s.Facts["site.state"].Value != nil && s.Units["site-wireguard"].State != "" && s.Units["service:ssh"].State == "ok"
	})
	if s.Facts["site.state"].Value != "used" {
		t.Errorf("site.toml is %v: %v", s.Facts["site.state"].Value, s.Facts["site.problems"].Value)
	}

	t.Run("calls home", func(t *testing.T) {
		fact(t, g, "wireguard.home.office.connected", true)
		if got := inside(t, afar, "ssh -i /etc/owner -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@10.99.0.7 'id -u; echo $SSH_CONNECTION' 2>/dev/null"); !strings.HasPrefix(got, "0\n10.99.0.1 ") {
			t.Errorf("the owner's session says %q", got)
		}
	})
	t.Run("takes files", func(t *testing.T) { // by the two protocols of scp: the owner's key, by which it sends some itself below
		inside(t, afar, `for way in -s -O; do scp -q $way -i /etc/owner -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null /etc/owner root@10.99.0.7:/root/owner$way || exit; done`)
	})
	t.Run("a neighbour without an address", func(t *testing.T) {
		address, _, _ := strings.Cut(inside(t, afar, "set -- $(ip -6 -o addr show dev lan scope link); echo $4"), "/")
		inside(t, g, "ping -6 -c 1 "+address+"%lan")
	})
	if _, err := g.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c", "cat > /tmp/lib <<'EOF'\n" + rescueLibrary + "EOF\n"}}); err != nil {
		t.Fatal(err)
	}
	for _, part := range rescueWork {
		t.Run(part.name, func(t *testing.T) {
			if part.shares {
				until(t, afar, "the shares", func(s *report.State) bool {
					return s.Units["share:nfs"].State == "ok" && s.Units["service:ganesha"].State == "ok" && s.Units["share:smb"].State == "ok"
				})
			}
			if got := inside(t, g, "exec 2>&1; set -e; . /tmp/lib\n"+part.script); got != part.want {
				t.Errorf("it prints\n%s\nand not\n%s", got, part.want)
			}
		})
	}
	off(t, g)
	if console, err := g.Console("ttyS0"); err != nil || !strings.Contains(console.Text(), "going down: poweroff") {
		t.Errorf("the way down is not said on a console that a login made quiet: %v", err)
	}
}

// rescueAtWork boots the rescue profile beside a stick with a site.toml, with blank disks and an encrypted one, an interface on a wire
// and another one that no row speaks of.
func rescueAtWork(t *testing.T, wire *lan.Segment, siteFile string) *qemu.Guest {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stick.toml")
	if err := os.WriteFile(path, []byte("extends = \"rescue\"\nformats = [\"kernel\", \"iso\"]\n[image]\ncompression = \"none\"\n[run]\nmemory = \"1G\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	a := built(t, path)
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	cable, err := wire.Cable()
	if err != nil {
		t.Fatal(err)
	}
	vm.Config.NICs = []qemu.NIC{{Backend: cable, MAC: qemu.MAC(0x10)}, {Backend: "user,net=10.9.9.0/24"}}
	stick := withSite(t, build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatISO), siteFile)
	vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: "stick", Path: stick, Snapshot: true}, qemu.Disk{ID: "secret", Path: encrypted(t, "opensesame")})
	for _, id := range []string{"a", "b", "c"} {
		blank := filepath.Join(t.TempDir(), id)
		if err := errors.Join(os.WriteFile(blank, nil, 0o600), os.Truncate(blank, 160<<20)); err != nil {
			t.Fatal(err)
		}
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: "disk-" + id, Path: blank})
	}
	return startFor(t, vm.Config, 4*limit)
}

// encrypted is a disk with a LUKS volume of the host's cryptsetup, by a function for passwords that needs little here.
func encrypted(t *testing.T, password string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "luks")
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 48<<20)); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(needed.Program(t, "cryptsetup"), "luksFormat", "--batch-mode", "--type", "luks2", "--pbkdf", "argon2id", "--pbkdf-memory", "32768",
		"--pbkdf-force-iterations", "4", "--key-file", "-", path)
	c.Stdin = bytes.NewReader([]byte(password))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("cryptsetup: %v\n%s", err, out)
	}
	return path
}

// rescueLibrary are words for the scripts: the disk with a serial number, and whether something is mounted.
const rescueLibrary = `disk() { for d in /sys/block/*; do [ -e "$d/serial" ] && { read -r s <"$d/serial" || :; } && [ "$s" = "$1" ] && echo "/dev/${d##*/}"; done; :; }
kind() { found=; while read -r what at type rest; do [ "$at" = "$1" ] && found=$type; done </proc/mounts; echo "${found:-none}"; }
look() { line=$(uinitctl link | grep "^$1 "); echo "${line%%  fe80:*}"; }
# reboot forgets what this boot knows of arrays, as the next one would.
reboot() { mdadm --stop --quiet /dev/md/data; rm -rf /dev/md /run/mdadm; }
address() { for a in $(ip -o addr show dev "$1" 2>/dev/null || ip addr show "$1"); do case $a in *.*.*.*/*) echo "$a";; esac; done; }
`

// rescueWork are what the stick's motd names, each with what comes of it.
var rescueWork = []struct {
	name   string
	shares bool
	script string
	want   string
}{
	{name: "arrays", script: `a=$(disk disk-a) b=$(disk disk-b)
mdadm --create /dev/md/data --quiet --run --level=1 --metadata=1.2 --raid-devices=2 --assume-clean $a $b
reboot
mdadm --assemble --scan --quiet
[ -b /dev/md/data ] && grep -o 'active raid1' /proc/mdstat`, want: "active raid1"},
	{name: "volumes", script: `pvcreate -q /dev/md/data >/dev/null; vgcreate -q old /dev/md/data >/dev/null
lvcreate -q -n root -L 64M old >/dev/null; [ -b /dev/old/root ] && echo made
lvcreate -q --type thin-pool -n pool -L 16M old >/dev/null 2>&1; lvcreate -q -n thin -V 8M --thinpool old/pool >/dev/null 2>&1
vgchange -q -an old >/dev/null; [ -e /dev/old/root ] || echo gone
reboot; mdadm --assemble --scan --quiet
vgchange -ay | sed 's/^ *//' 2>/dev/null || vgchange -ay
[ -b /dev/old/root ] && [ -b /dev/mapper/old-root ] && [ -b /dev/old/thin ] && echo there
mke2fs -q -t ext4 -L root /dev/old/root
mount LABEL=root /mnt && kind /mnt
c=$(disk disk-c); pvcreate -q $c >/dev/null; vgextend -q old $c >/dev/null
pvmove -q -i 1 /dev/md/data $c >/dev/null; vgreduce -q old /dev/md/data >/dev/null && echo moved
umount /mnt; chroot / mount LABEL=root /mnt && kind /mnt`, want: "made\ngone\n3 logical volume(s) in volume group \"old\" now active\nthere\next4\nmoved\next4"},
	{name: "a system", script: `mkdir -p /mnt/{bin,dev,proc,sys,run,etc,lib64,lib/x86_64-linux-gnu}
cp -L /bin/bash /mnt/bin/sh; cp -L /lib64/ld-linux-x86-64.so.2 /mnt/lib64; cp -L /lib/x86_64-linux-gnu/{libc.so.6,libtinfo.so.6} /mnt/lib/x86_64-linux-gnu
echo 'root:x:0:0:root:/root:/bin/zsh' >/mnt/etc/passwd; ln -s ../run/systemd/resolve/stub-resolv.conf /mnt/etc/resolv.conf
echo 'nameserver 192.0.2.53' >/run/resolv.conf
rescue-chroot /mnt /bin/sh -c 'for f in /proc/self/comm /sys/class/net/lan/carrier /etc/resolv.conf; do read -r x <$f; echo $x; done; : <>/dev/null'
echo 'exit 7' | rescue-chroot /mnt || echo "status $?"
rescue-chroot / 2>/dev/null || echo refused
echo /mnt/dev/* /mnt/proc/* /mnt/run/*; n=0; while read -r _ at _; do case $at in /mnt/*) n=$((n + 1));; esac; done </proc/mounts; echo "$n mounts"
umount /mnt && kind /mnt`, want: `sh
1
nameserver 192.0.2.53
rescue-chroot: /bin/sh in /mnt; leave it with exit
status 7
refused
/mnt/dev/* /mnt/proc/* /mnt/run/*
0 mounts
none`},
	{name: "an encrypted disk", script: `printf opensesame | cryptsetup open --key-file - $(disk secret) old
[ -b /dev/mapper/old ] && mke2fs -q /dev/mapper/old && mount /dev/mapper/old /mnt && kind /mnt
umount /mnt; cryptsetup close old; [ -e /dev/mapper/old ] || echo closed`, want: "ext2\nclosed"},
	{name: "file systems", script: `for make in "mkfs.btrfs -q" "mkfs.xfs -q" "mkfs.fat" "mkntfs -qQF"; do
  dd if=/dev/zero of=/tmp/fs bs=1M count=1 seek=319 2>/dev/null
  $make /tmp/fs >/dev/null 2>&1; case $make in mkntfs*) mount -t ntfs-3g -o loop /tmp/fs /mnt;; *) mount -o loop /tmp/fs /mnt;; esac
  kind /mnt; echo x >/mnt/x; umount /mnt; rm /tmp/fs
done`, want: "btrfs\nxfs\nvfat\nfuseblk"},
	{name: "files by SSH", script: `for way in -s -O; do
  scp -q $way -i /root/owner-O -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null /root/owner-s root@127.0.0.1:/tmp/back$way && cmp /root/owner-O /tmp/back$way && echo sent
done`, want: "sent\nsent"},
	{name: "packets", script: `(tcpdump -n -c 1 -i lan -w /root/caught icmp >/tmp/said 2>&1; echo $? >>/tmp/said; mv /tmp/said /tmp/all) &
until [ -s /tmp/said ]; do :; done; until [ -e /tmp/all ]; do ping -c 1 192.0.2.1 >/dev/null || :; done
tail -n 1 /tmp/all; tcpdump -n -r /root/caught 2>/dev/null | grep -o 'ICMP echo request'`, want: "0\nICMP echo request"},
	{name: "servers of files", shares: true, script: `mount -t nfs 192.0.2.1:/srv/films /mnt; kind /mnt; echo film >/mnt/film; umount /mnt
mount -t nfs -o vers=4.2 192.0.2.1:/srv/films /mnt; cat /mnt/film; umount /mnt
mount -t nfs -o vers=3 192.0.2.1:/srv /mnt 2>&1 | grep -o -- "-o nolock"
mount -t nfs -o vers=3,nolock 192.0.2.1:/srv /mnt; kind /mnt; cat /mnt/films/film; umount /mnt
mount -t cifs -o user=anna,password='` + sharePassword + `' //192.0.2.1/letters /mnt; kind /mnt; echo letter >/mnt/letter; cat /mnt/letter; umount /mnt; kind /mnt`,
		want: "nfs4\nfilm\n-o nolock\nnfs\nfilm\ncifs\nletter\nnone"},
	{name: "DHCP by hand", script: `dhclient eth1 >/tmp/said; tail -n 1 /tmp/said; address eth1; grep -c 10.9.9.3 /etc/resolv.conf`,
		want: "eth1            online   10.9.9.15/24\n10.9.9.15/24\n1"},
	{name: "hands off", script: `uinitctl link release lan >/dev/null; was=$(uinitctl facts | grep link.lan.repairs)
ip addr del 192.0.2.2/24 dev lan; ip addr add 198.51.100.9/24 dev lan
echo 2 >/proc/sys/net/ipv6/conf/lan/accept_ra; echo 'nameserver 198.51.100.53' >/etc/resolv.conf
uinitctl link release lan >/dev/null # by when all is done that was heard of
address lan; cat /proc/sys/net/ipv6/conf/lan/accept_ra /etc/resolv.conf
[ "$was" = "$(uinitctl facts | grep link.lan.repairs)" ] && look lan; case $(uinitctl status | grep link:lan) in *"by hand"*) echo shown;; esac
uinitctl link take lan >/dev/null; until address lan | grep 192.0.2.2; do :; done
ip addr del 198.51.100.9/24 dev lan; until look lan | grep -v 198.51.100.9; do :; done`,
		want: "198.51.100.9/24\n2\nnameserver 198.51.100.53\nlan             by hand  198.51.100.9/24\nshown\n192.0.2.2/24\nlan             online   192.0.2.2/24"},
	{name: "what was added", script: `tmux new -d 'sleep 100' && tmux ls | grep -c windows; curl -s file:///etc/hostname
n=$(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt); [ $n -gt 100 ] && echo authorities
for c in testdisk partclone.ext4 btrfs ntfsfix efibootmgr hdparm zstd xz bzip2 less vim.tiny ssh sftp thin_check; do which $c >/dev/null || echo "no $c"; done`, want: "1\nstick\nauthorities"},
}
