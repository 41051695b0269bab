package qemu_tests

import (
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	//lint:ignore SA1019 SMB keeps passwords as MD4, whatever it is worth (MS-NLMP, section 3.3.1)
	"golang.org/x/crypto/md4"
	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

const (
	sharePassword = "correct horse"
	shareTarget   = "iqn.2026-01.example.nas:"
	shareClient   = "iqn.2026-01.example.client"
)

func ntHash(password string) string {
	h := md4.New()
	for _, unit := range utf16.Encode([]rune(password)) {
		_ = binary.Write(h, binary.LittleEndian, unit) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// nas shares two folders by NFS, one by SMB, and two disks by iSCSI, out of one ext4.
func nas(t *testing.T) *boot.Machine {
	t.Helper()
	a := extended(t, cloud+fmt.Sprintf(`
[image]
overlays = ["headless", "chap"]
[run]
memory = "768M"
[run.disk.data]
size       = "256M"
filesystem = "ext4"
label      = "data"
[ethernet.lan]
dhcp4     = false
addresses = ["192.0.2.1/24"]
[mount."/srv"]
source = "LABEL=data"
type   = "ext4"
[user.anna]
nt_hash = { fw_cfg = "opt/org.example/anna" }
[user.bert]
nt_hash       = { file = "/srv/keys/bert" }
password_hash = { file = "/srv/keys/open" }
[user.carl]
password_hash = { fw_cfg = "opt/org.example/carl" }
[user.dora]
password_hash = { fw_cfg = "opt/org.example/dora" }
[user.root]
authorized_keys = [%[3]q]
[ssh]
host_key_file = { fw_cfg = "opt/org.example/host" }
[share]
state = "/srv/state"
[share.nfs.films]
path    = "/srv/films"
clients = ["192.0.2.2/32"]
squash  = "none"
create  = true
[share.nfs.others]
path    = "/srv/others"
clients = ["198.51.100.0/24"]
create  = true
[share.smb.letters]
path   = "/srv/letters"
users  = ["anna"]
create = true
owner  = "anna"
[share.smb.notes]
path   = "/srv/notes"
users  = ["bert"]
create = true
[share.smb.elsewhere]
path    = "/srv/others"
users   = ["anna"]
clients = ["198.51.100.0/24"]
[share.iscsi.disk]
target     = "%[1]sdisk"
source     = "/srv/disk"
size       = "32M"
initiators = [%[2]q]
insecure   = true
[share.iscsi.secret]
target        = "%[1]ssecret"
source        = "/srv/secret"
size          = "16M"
user          = "anna"
password_file = { file = "/etc/chap" }
`, shareTarget, shareClient, publicKey(t)), map[string]string{"chap/etc/chap": sharePassword + "\n"})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	hostKey, err := ssh.MarshalPrivateKey(namedKey, "")
	if err != nil {
		t.Fatal(err)
	}
	handed := map[string]string{"opt/org.example/host": string(pem.EncodeToMemory(hostKey)), "opt/org.example/anna": ntHash(sharePassword), "opt/org.example/carl": someHash, "opt/org.example/dora": sharePassword}
	maps.Copy(handed, vm.Config.FWCfg)
	vm.Config.FWCfg = handed
	return vm
}

// namedKey is the host key that the NAS is handed.
var namedKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// someHash is a password's.
const someHash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"

// secrets says what became of the accounts' hashes: what is wrong is told without showing it, and the account stays locked.
func secrets(t *testing.T, g *qemu.Guest, want map[string]string) {
	t.Helper()
	s := until(t, g, "the secrets", func(s *report.State) bool {
		for name := range want {
			if state := s.Units["secret:user."+name].State; state != "ok" && state != "failed" {
				return false
			}
		}
		return true
	})
	for name, message := range want {
		if u := s.Units["secret:user."+name]; (u.State == "ok") != (message == "") || !strings.HasPrefix(u.Message, message) || strings.Contains(u.Message, sharePassword) {
			t.Errorf("%s is %+v, want %q", name, u, message)
		}
	}
	public, err := ssh.NewPublicKey(namedKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	hasFact(t, g, "ssh.host_key", ssh.FingerprintSHA256(public))
	if got := inside(t, g, "while IFS=: read -r name hash rest; do case $name in bert | carl | dora) echo \"$hash\" ;; esac; done </etc/shadow"); got != "!\n"+someHash+"\n!" {
		t.Errorf("/etc/shadow has %q", got)
	}
}

// up starts the NAS and waits until it shares.
func up(t *testing.T, vm *boot.Machine, s *lan.Segment) *qemu.Guest {
	t.Helper()
	cable, err := s.Cable()
	if err != nil {
		t.Fatal(err)
	}
	vm.Config.NICs = []qemu.NIC{{Backend: cable, MAC: qemu.MAC(0)}}
	g := startFor(t, vm.Config, 4*limit)
	until(t, g, "the boot", isBooted)
	// One that is late for the boot still comes.
	until(t, g, "all shares", func(s *report.State) bool {
		return !slices.ContainsFunc([]string{"nfs", "smb", "iscsi"}, func(kind string) bool { return s.Units["share:"+kind].State != "ok" })
	})
	return g
}

// A NAS and who uses it, before and after the NAS boots again: files and disks keep what was
// written, a file that is open stays open, and who has no business there is refused.
func TestShares(t *testing.T) {
	t.Parallel()
	wire := segment(t)
	vm := nas(t)
	desk := extended(t, "[image]\ncommands = [\"default\", \"cmp\"]\noverlays = [\"headless\", \"files\"]\n"+cloud+`
modules = ["nfsv4", "cifs", "iscsi_tcp", "sd-mod", "crc32c_generic"]
[packages.open-iscsi]
files = ["/sbin/iscsistart"]
[packages.smbclient]
files = ["/usr/bin/smbclient"]
[ethernet.lan]
dhcp4     = false
addresses = ["192.0.2.2/24"]
`, map[string]string{"files/usr/bin/await": string(compiled(t, "./await"))})
	client := desk.plugged(t, 1, "", wire)
	server := up(t, vm, wire)
	until(t, client, "the client's boot", isBooted)
	run := func(line string) string { t.Helper(); return inside(t, client, "set -e; "+line) }
	refused := func(line string) { t.Helper(); inside(t, client, "! "+line) }

	nfs := func(path string) string {
		return "mount -t nfs4 -o vers=4.2,addr=192.0.2.1,clientaddr=192.0.2.2 192.0.2.1:" + path + " /mnt"
	}
	login := func(target, more string) string {
		return "iscsistart -i " + shareClient + " -t " + shareTarget + target + " -g 1 -a 192.0.2.1 -p 3260 " + more
	}
	smb := func(password, command string) string {
		return fmt.Sprintf("smbclient -s /dev/null -m SMB3 -U 'anna%%%s' %s", password, command)
	}
	secrets(t, server, map[string]string{"anna.nt_hash": "", "carl.password_hash": "", "bert.nt_hash": "bert stays locked: /srv/keys/bert is not there",
		"bert.password_hash": "bert stays locked: /srv/keys/open is not there", "dora.password_hash": "dora stays locked: fw_cfg opt/org.example/dora holds something else: "})
	ofBert := strings.Replace(smb(sharePassword, "//192.0.2.1/notes -c ls"), "anna%", "bert%", 1)
	refused(ofBert)
	inside(t, server, "umask 077; mkdir /srv/keys; echo "+ntHash(sharePassword)+" >/srv/keys/bert; echo '"+someHash+"' >/srv/keys/open; chmod 644 /srv/keys/open; sync")
	refused(nfs("/srv/others"))
	refused(login("secret", ""))
	refused(strings.Replace(login("disk", ""), shareClient, shareClient+"2", 1))
	refused(login("secret", "-u anna -w 'wrong horse!'"))
	refused(smb("wrong", "-L 192.0.2.1"))
	// With the right password, and not among those who may; from a network that may not.
	refused(smb(sharePassword, "//192.0.2.1/notes -c ls"))
	refused(smb(sharePassword, "//192.0.2.1/elsewhere -c ls"))

	// What is not random could come from anywhere.
	run(nfs("/srv/films"))
	run("dd if=/dev/urandom of=/root/data bs=1M count=4; cp /root/data /mnt/film; sync")
	// Who lists the shares is started by the first question, and smbclient takes no answer in time for an empty list.
	run("until " + smb(sharePassword, "-g -L 192.0.2.1") + " | grep -F 'Disk|letters|'; do :; done")
	run(smb(sharePassword, "//192.0.2.1/letters -c 'put /root/data letter'"))
	run("modprobe iscsi_tcp; " + login("disk", "") + "; await file /dev/sda; dd if=/root/data of=/dev/sda bs=1M count=4 oflag=sync")

	// A file that is held open all the while: the lock of its client must survive.
	if _, err := client.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c",
		`exec 8>/mnt/open; echo before >&8; (await file /run/goon; echo after >&8; echo $? >/run/wrote.new; mv /run/wrote.new /run/wrote) >/dev/null 2>&1 &`}}); err != nil {
		t.Fatal(err)
	}
	off(t, server)
	server = up(t, vm, wire)
	secrets(t, server, map[string]string{"bert.nt_hash": "", "bert.password_hash": "bert stays locked: /srv/keys/open may be read or written by others (mode 0644)"})
	run(ofBert)
	run("touch /run/goon; await file /run/wrote")
	run("cmp /root/data /mnt/film")
	run(smb(sharePassword, "//192.0.2.1/letters -c 'get letter /root/letter'") + "; cmp /root/data /root/letter")
	if got := run("cat /run/wrote /mnt/open"); got != "0\nbefore\nafter" {
		t.Errorf("the open file holds %q", got)
	}
	// iscsistart cannot take up a session that it left behind: what was written to that disk the NAS itself shows, and the client
	// reads the other one.
	disk := inside(t, server, "dd if=/srv/disk bs=1M count=4 2>/dev/null | sha1sum")
	if film := inside(t, server, "sha1sum </srv/films/film"); disk != film || len(disk) < 40 {
		t.Errorf("the disk holds %q, the same data as a file are %q", disk, film)
	}
	run(login("secret", "-u anna -w '"+sharePassword+"'") + "; await file /dev/sdb; dd if=/dev/sdb of=/dev/null bs=1M count=16; umount /mnt")
	off(t, server)
}
