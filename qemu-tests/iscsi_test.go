package qemu_tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/report"
)

// The disks of this machine are offered to itself: what is refused here is refused to others.
const offered = cloud + `
modules = ["iscsi_tcp", "sd-mod", "crc32c_generic"]
[image]
commands = ["default", "cmp"]
overlays = ["headless", "files"]
[packages.open-iscsi]
files = ["/sbin/iscsistart"]
[boot]
unit_timeout = "3m"
[run]
nics = 0
[run.disk.data]
size       = "96M"
filesystem = "ext4"
label      = "data"
[mount."/srv"]
source = "LABEL=data"
type   = "ext4"
[dummy.store]
addresses = ["192.0.2.1/24", "192.0.2.3/24"]
[share.iscsi.named]
target     = "%[1]snamed"
source     = "/srv/named"
size       = "8M"
initiators = [%[2]q]
insecure   = true
listen     = ["192.0.2.1"]
[share.iscsi.anybody]
target        = "%[1]sanybody"
source        = "/srv/anybody"
size          = "8M"
user          = "anna"
password_file = "/etc/chap"
listen        = ["192.0.2.1"]
[share.iscsi.proved]
target        = "%[1]sproved"
source        = "/srv/proved"
size          = "8M"
initiators    = [%[2]q]
user          = "anna"
password_file = "/etc/chap"
listen        = ["192.0.2.1"]
[share.iscsi.both]
target               = "%[1]sboth"
source               = "/srv/both"
size                 = "8M"
initiators           = [%[2]q]
user                 = "anna"
password_file        = "/etc/chap"
mutual_user          = "nas"
mutual_password_file = "/etc/mutual"
listen               = ["192.0.2.1"]
`

// An initiator's name opens a disk where the profile says so in as many words, and nowhere else: not with another name, not without
// a password, not with a wrong one, not at another address. Who only asks hears of what is for him.
func TestISCSI(t *testing.T) {
	t.Parallel()
	const password, mutual = "correct horse", "battery staple"
	g := extended(t, fmt.Sprintf(offered, shareTarget, shareClient), map[string]string{
		"files/etc/chap": password + "\n", "files/etc/mutual": mutual + "\n",
		"files/usr/bin/await": string(compiled(t, "./await")), "files/usr/bin/sendtargets": string(compiled(t, "./sendtargets")),
	}).plugged(t, 1, "")
	state := until(t, g, "the disks", func(s *report.State) bool {
		return slices.Contains([]string{"ok", "failed", "late"}, s.Units["share:iscsi"].State)
	})
	if u := state.Units["share:iscsi"]; u.State != "ok" {
		t.Fatalf("offering disks is %+v", u)
	}
	run := func(line string) string { t.Helper(); return inside(t, g, "set -e; "+line) }
	login := func(target, more string) string {
		return "iscsistart -i " + shareClient + " -t " + shareTarget + target + " -g 1 -a 192.0.2.1 -p 3260 " + more
	}
	mine, theirs := "-u anna -w '"+password+"'", " -U nas -W '"+mutual+"'"
	run("modprobe iscsi_tcp")
	if modes := run("ls -l /etc/chap /etc/mutual"); strings.Count(modes, "-rw-------") != 2 {
		t.Errorf("the passwords are files of the modes\n%s", modes)
	}
	for why, line := range map[string]string{
		"another name":                   strings.Replace(login("named", ""), shareClient, shareClient+"2", 1),
		"another address":                "sendtargets 192.0.2.3:3260 " + shareClient, // iscsistart would try for minutes
		"no password":                    login("proved", ""),
		"no password, and no name":       login("anybody", ""),
		"a wrong password":               login("proved", "-u anna -w 'wrong horse!'"),
		"a wrong account":                login("proved", "-u ben -w '"+password+"'"),
		"another name, and the password": strings.Replace(login("proved", mine), shareClient, shareClient+"2", 1),
		"a target that knows another":    login("both", mine+" -U nas -W 'wrong staple!'"),
		"no password for both":           login("both", ""),
	} {
		if got := run("if " + line + " >/dev/null 2>&1; then echo in; fi; ls /sys/class/iscsi_session"); got != "" {
			t.Errorf("%s: %s", why, got)
		}
	}
	for initiator, want := range map[string]string{shareClient: "anybody both named proved", shareClient + "2": "anybody"} {
		got := strings.Fields(strings.ReplaceAll(run("sendtargets 192.0.2.1:3260 "+initiator), shareTarget, ""))
		if slices.Sort(got); strings.Join(got, " ") != want {
			t.Errorf("%s is told of %q, want %q", initiator, got, want)
		}
	}
	for i, line := range []string{login("named", ""), login("proved", mine), login("both", mine+theirs), login("anybody", mine)} {
		name := fmt.Sprintf("/dev/sd%c", 'a'+i)
		run(line + "; await file " + name + "; head -c 4096 /init >/run/part; dd if=/run/part of=" + name + " bs=4096 oflag=sync; dd if=" + name + " of=/run/back bs=4096 count=1; cmp /run/part /run/back")
	}
}
