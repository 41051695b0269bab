package qemu_tests

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// userNetwork is the hardware address of QEMU's user network, whose router is 10.0.2.2 (special_ethaddr in libslirp's source).
var userNetwork = net.HardwareAddr{0x52, 0x55, 10, 0, 2, 2}

// settles waits until the interface has its address by IPv6, and no address is tentative: the kernel makes the route to one when it
// is not any more (RFC 4862, section 5.4).
func (b siege) settles(t *testing.T, g *qemu.Guest) {
	local, want := b.victim.Local().StringExpanded(), "mine"
	if b.kind == "" {
		want = "" // it has no addresses at all
	}
	prints(t, g, `while read -r a _ _ _ flags dev; do
	[[ $a != `+strings.ReplaceAll(local, ":", "")+` ]] || mine=mine
	(( 16#$flags & 0x40 )) && tentative=" tentative"; grep -q "^$a 80 " /proc/net/ipv6_route || routeless=" routeless"
done < /proc/net/if_inet6; echo "$mine$tentative$routeless"`, want)
}

// believed prints what the box takes for its addresses, routes and name servers.
func (b siege) believed() string {
	return `{ while read -r a _ len _ _ dev; do echo "address $a/$len $dev"; done < /proc/net/if_inet6
while read -r dev dst via _ _ _ _ mask _; do echo "route $dst/$mask via $via $dev"; done < /proc/net/route
while read -r dst len _ _ via _ _ _ _ dev; do echo "route $dst/$len via $via $dev"; done < /proc/net/ipv6_route
grep -v '^#' /etc/resolv.conf; for of in mtu hop_limit; do read -r x < /proc/sys/net/ipv6/conf/` + b.link + `/$of; echo "$of $x"; done; } | sort`
}

// boots starts the profile, with addresses of its own on Mallory's wire and a shell on the second serial line, and waits for it.
func (b siege) boots(t *testing.T, signer ssh.Signer, wire *lan.Segment, port string) *qemu.Guest {
	text := fmt.Sprintf("extends = %q\n[console.ttyS1]\nquiet = true\nlogin = \"autologin\"\n", b.profile)
	if b.kind != "" {
		text += fmt.Sprintf("[%s.%s]\ndhcp4 = false\naddresses = [\"%v/24\"]\ngateways = [\"%v\"]\ndns = [\"%v\"]\n", b.kind, b.link, b.victim.Four, b.victim.Router, b.victim.Router)
	}
	if b.ours != "-" {
		text += fmt.Sprintf("[ssh]\n[user.root]\nauthorized_keys = [%q]\n", strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))))
	}
	a := built(t, written(t, text, map[string]string{}))
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	cable := func(lay func() (string, error)) string {
		backend, err := lay()
		if err != nil {
			t.Fatal(err)
		}
		return backend
	}
	vm.Config.NICs = []qemu.NIC{{Backend: cable(wire.Cable)}}
	forward := ",restrict=on,hostfwd=tcp:127.0.0.1:" + port + "-"
	if b.ours == "" {
		// Administrators come by Mallory's wire. Nothing that is sent to their network leaves it (restrict).
		theirs := cable(func() (string, error) { return wire.CableFor(userNetwork) })
		vm.Config.Extra = append(vm.Config.Extra, "-netdev", "user,id=ours"+forward+b.victim.Four.String()+":22", "-netdev", "hubport,id=ours-hub,hubid=1,netdev=ours",
			"-netdev", strings.Replace(theirs, ",", ",id=wire,", 1), "-netdev", "hubport,id=wire-hub,hubid=1,netdev=wire")
	}
	for len(vm.Config.NICs) < b.nics {
		nic := qemu.NIC{Backend: "user,restrict=on"}
		switch {
		case b.ours == "":
			nic.Backend = cable(wire.Cable) // a second one to the same switch
		case b.ours != "-" && len(vm.Config.NICs) == 1:
			nic.Backend = "user,net=" + b.ours + ".0/24,host=" + b.ours + ".2" + forward + b.ours + ".1:22"
		}
		vm.Config.NICs = append(vm.Config.NICs, nic)
	}
	g := startFor(t, vm.Config, 4*limit)
	until(t, g, "the boot", func(s *report.State) bool {
		return s.Boot != nil && (b.ours == "-" || s.Units["service:ssh"].State == "ok") && s.Units["online:"+b.link].State == "ok"
	})
	return g
}

// available is the memory that programs can still have, in KiB.
func available(t *testing.T, g *qemu.Guest) int {
	t.Helper()
	kB, err := strconv.Atoi(inside(t, g, `while read -r key n _; do [[ $key != MemAvailable: ]] || echo $n; done < /proc/meminfo`))
	if err != nil {
		t.Error(err)
	}
	return kB
}
