package qemu_tests

import (
	"maps"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/check"
)

// The profile that make image builds holds what it promises, on a board with what its driver sets are for: an SD card, SCSI and
// network cards of other makes. Those lie behind the profile's own on the bus, whichever driver is the first to find its card.
func TestHeadless(t *testing.T) {
	t.Parallel()
	a := shipped(t, "headless")
	card := blank(t, t.TempDir(), "card")
	a.options.Extra = []string{
		"-drive", "if=none,id=card,format=raw,file=" + filepath.ToSlash(card), "-device", "sdhci-pci", "-device", "sd-card,drive=card",
		"-device", "am53c974", "-device", "lsi53c895a", "-device", "pcie-pci-bridge,id=late,addr=1d",
		"-device", "i82559er,bus=late,addr=1,romfile=", "-device", "tulip,bus=late,addr=2", "-device", "ne2k_pci,bus=late,addr=3,romfile=",
	}
	checks := maps.Clone(a.profile.Check)
	for name, path := range map[string]string{"card": "/dev/mmcblk0", "am53c974": "/sys/bus/pci/drivers/am53c974/0*", "sym53c8xx": "/sys/bus/pci/drivers/sym53c8xx/0*"} {
		checks[name] = check.Check{Command: []string{"/bin/bash", "-c", "exec 9<> <(:); until [ -e " + path + " ]; do read -rt 0.1 -u 9; done"}} // no boot waits for these
	}
	for _, driver := range []string{"e100", "tulip", "ne2k-pci"} {
		checks[driver] = check.Check{Command: []string{"/bin/bash", "-c", "[ -e /sys/bus/pci/drivers/" + driver + "/0*/net ]"}}
	}
	checks["first"] = check.Check{Fact: "link.lan.driver", Equals: "virtio_net"}
	a.proves(t, checks)
}

// What a person can do wrong or want at the console, in one boot: a wrong
// password, an account of one's own, autologin on a second port, a service that
// dies at once and for ever, one that stays, a disk.
func TestConsoleServicesAndMounts(t *testing.T) {
	t.Parallel()
	extended(t, cloud+`
[image]
overlays = ["files"]

[user.eve]
# "correct horse"
password_hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"

[console.ttyS1]
quiet = true
login = "autologin"

[service.dies]
command = ["/usr/bin/dies"]
restart = "always"
restart_delay = "100ms"

[service.stays]
command = ["/usr/bin/stays"]
ready   = { file = "/run/stays/sign" }
writable = ["/run/stays"]
needs   = ["mount:/data", "online:lan"]
user    = "eve"
environment = { WHO = "eve" }

[run.disk.data]
filesystem = "ext4"
label      = "data"

[mount."/data"]
source = "LABEL=data"
type   = "ext4"

[check.password]
expect = "Password: $"
send   = "wrong\n"
[check.shell]
expect = "Login incorrect[\\s\\S]*login: $"
send   = "eve\n"
[check.running]
expect = "Password: $"
send   = "correct horse\n"
[check.stopped]
expect = "\\$ $"
send   = "id -u; echo $HOME\n"
[check.identity]
after   = "stopped"
console = "ttyS0"
expect  = "^1000\n/home/eve$"
[check.autologin]
console = "ttyS1"
expect  = "# $"
send    = "id -u; tty\n"
[check.autologin_id]
after   = "autologin"
console = "ttyS1"
expect  = "\\s0\\s+/dev/ttyS1\\s"
[check.mount]
unit = "mount:/data"
[check.stays]
# On a busy machine it comes after the boot has ceased to wait.
command = ["/bin/bash", "-c", "exec 9<> <(:); until [ -e /run/stays/sign ]; do read -rt 0.1 -u 9; done; cat /run/stays/sign"]
output  = "^1000 eve /data ok\n$"
[check.restarts]
fact     = "service.dies.restarts"
at_least = 3
[check.service]
fact   = "service.stays.state"
equals = "running"
`, map[string]string{
		"files/usr/bin/dies": "#!/bin/sh\nexit 7\n",
		"files/usr/bin/stays": `#!/bin/bash
grep -q ' /data ext4 ' /proc/mounts && mounted=ok
echo "$UID $WHO /data $mounted" > /run/stays/new && mv /run/stays/new /run/stays/sign
exec sleep 1000
`,
	}).prove(t)
}
