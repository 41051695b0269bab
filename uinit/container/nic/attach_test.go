package nic

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// A neighbour on the bridge reaches a container at its static addresses as soon as Attach returns.
func TestBridge(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	master, err := netlink.LinkByName("br0")
	if err == nil {
		err = netlink.LinkSetMTU(master, 1450)
	}
	// What a container has is not what the machine has.
	if err == nil {
		err = os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	guest := neighbour(t, "br0", "guest", "52:54:00:00:00:09", "192.0.2.9/24", "2001:db8::9/64")
	file := nettest.Space(t)
	nics := map[string]spec.ContainerNIC{
		"eth0":   {Bridge: "br0", Addresses: prefixes("192.0.2.5/24", "2001:db8::5/64"), Gateways: []netip.Addr{netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::9")}},
		"second": {Bridge: "br0", MTU: 1400, MAC: "52:54:00:00:00:05"},
	}
	h, stop, err := start(t, file, "web", nics)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	ns := inside(t, file)
	for _, a := range []string{"192.0.2.5:80", "[2001:db8::5]:80"} {
		nettest.Serve(t, ns.Do, "tcp", a, "hello") // which a tentative address refuses
		if word, err := nettest.Ask(guest.Do, "tcp", a, 5*time.Second); !strings.HasPrefix(word, "hello to ") || err != nil {
			t.Errorf("%s answers %q, %v", a, word, err)
		}
	}
	if h.text() != "" {
		t.Errorf("it was said: %s", h.text())
	}
	h.until(t, "eth0", func(all []netip.Prefix) bool {
		return slices.Contains(all, nics["eth0"].Addresses[0]) && slices.Contains(all, nics["eth0"].Addresses[1])
	})
	for _, want := range []struct {
		nic, mac       string
		mtu, portMTU   int
		port, otherMAC string
	}{
		{"eth0", string(MAC("host", "web", "eth0")), 1450, 1450, "web--eth0", "fe" + string(MAC("host", "web", "eth0")[2:])},
		{"second", "52:54:00:00:00:05", 1400, 1450, "web--second", "fe:54:00:00:00:05"},
	} {
		there, err := ns.LinkByName(want.nic)
		if err != nil {
			t.Fatal(err)
		}
		port, err := netlink.LinkByName(want.port)
		if err != nil {
			t.Fatal(err)
		}
		if a := there.Attrs(); a.HardwareAddr.String() != want.mac || a.MTU != want.mtu {
			t.Errorf("%s: %v, %d bytes; want %s, %d", want.nic, a.HardwareAddr, a.MTU, want.mac, want.mtu)
		}
		if a := port.Attrs(); a.HardwareAddr.String() != want.otherMAC || a.MTU != want.portMTU || a.MasterIndex != master.Attrs().Index {
			t.Errorf("%s: %v, %d bytes, port of %d; want %s, %d", want.port, a.HardwareAddr, a.MTU, a.MasterIndex, want.otherMAC, want.portMTU)
		}
		if all, err := netlink.AddrList(port, netlink.FAMILY_ALL); err != nil || len(all) > 0 {
			t.Errorf("%s has addresses here: %v, %v", want.port, all, err)
		}
	}
	if after, err := netlink.LinkByName("br0"); err != nil || after.Attrs().MTU != 1450 {
		t.Errorf("the bridge takes packets of %d bytes now, %v", after.Attrs().MTU, err)
	}
	for key, want := range map[string]string{
		"ipv4/ip_forward": "0", "ipv4/conf/eth0/forwarding": "0", "ipv4/conf/eth0/accept_redirects": "0",
		"ipv6/conf/eth0/accept_ra": "0", "ipv6/conf/eth0/autoconf": "0", "ipv6/conf/eth0/accept_redirects": "0", "ipv6/conf/eth0/forwarding": "0",
	} {
		if got := setting(t, ns, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	for _, via := range nics["eth0"].Gateways {
		if r, err := ns.RouteGet(netip.MustParseAddr(map[bool]string{true: "198.51.100.1", false: "2001:db8:1::1"}[via.Is4()]).AsSlice()); err != nil || len(r) != 1 || !r[0].Gw.Equal(via.AsSlice()) {
			t.Errorf("the way to strangers is %v, %v; want by %v", r, err, via)
		}
	}
}

// A router outside of the interface's networks is on the wire all the same, where DHCP may bring another one.
func TestRouterElsewhere(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	guest := neighbour(t, "br0", "guest", "52:54:00:00:00:09", "198.51.100.1/24", "203.0.113.1/32")
	eth0, err := guest.LinkByName("eth0")
	if err == nil {
		err = guest.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Dst: ipNet(netip.MustParsePrefix("192.0.2.5/32")), Scope: netlink.SCOPE_LINK})
	}
	if err != nil {
		t.Fatal(err)
	}
	file := nettest.Space(t)
	_, stop, err := start(t, file, "web", map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", Addresses: prefixes("192.0.2.5/32"), Gateways: []netip.Addr{netip.MustParseAddr("198.51.100.1")}}})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	nettest.Serve(t, guest.Do, "tcp", "203.0.113.1:80", "hello")
	if word, err := nettest.Ask(inside(t, file).Do, "tcp", "203.0.113.1:80", 5*time.Second); !strings.HasPrefix(word, "hello to ") || err != nil {
		t.Errorf("beyond the router somebody answers %q, %v", word, err)
	}
}

// A network that belongs to the accounts of a container, where this machine's root is nobody, is set up like any other.
func TestAccountsOfItsOwn(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), waits+"=1")
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 100000, Size: 65536}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET, UidMappings: ids, GidMappings: ids}
	end, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Skipf("no accounts of its own here: %v", err)
	}
	file, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, stop, err := start(t, file, "web", map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", Addresses: prefixes("192.0.2.5/24", "2001:db8::5/64")}})
	if err != nil {
		t.Error(err)
	}
	ns := inside(t, file)
	if got := setting(t, ns, "ipv4/conf/all/accept_redirects"); got != "0" {
		t.Errorf("it takes redirects: %q", got)
	}
	stop()
	ns.Close()
	file.Close()
	if err := errors.Join(end.Close(), cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	nettest.Eventually(t, "its network is kept", func() bool { return !slices.Contains(here(t), "web--eth0") })
}

// Containers that are isolated reach others on the bridge, and each other not.
func TestIsolated(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	guest := neighbour(t, "br0", "guest", "52:54:00:00:00:09", "192.0.2.9/24")
	nettest.Serve(t, guest.Do, "tcp", "192.0.2.9:80", "guest")
	var files []*os.File
	for i, isolated := range []bool{true, true, false} {
		file := nettest.Space(t)
		files = append(files, file)
		address := fmt.Sprintf("192.0.2.%d", i+1)
		if _, _, err := start(t, file, fmt.Sprint("c", i+1), map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", Isolated: isolated, Addresses: prefixes(address + "/24")}}); err != nil {
			t.Fatal(err)
		}
		nettest.Serve(t, inside(t, file).Do, "tcp", address+":80", fmt.Sprint(i+1))
	}
	first := inside(t, files[0])
	for at, want := range map[string]string{"192.0.2.9:80": "guest", "192.0.2.3:80": "3"} {
		if word, err := nettest.Ask(first.Do, "tcp", at, 5*time.Second); !strings.HasPrefix(word, want+" to ") || err != nil {
			t.Errorf("%s answers the first one %q, %v", at, word, err)
		}
	}
	if word, err := nettest.Ask(first.Do, "tcp", "192.0.2.2:80", time.Second); err == nil {
		t.Errorf("one that is isolated as well answers %q", word)
	}
}

// Thirty containers start side by side, and each is there when its Attach returns.
func TestManySideBySide(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	guest := neighbour(t, "br0", "guest", "52:54:00:00:00:09", "192.0.2.254/24")
	var all sync.WaitGroup
	begun := time.Now()
	for i := range 30 {
		file := nettest.Space(t)
		ns := inside(t, file)
		all.Go(func() {
			at := fmt.Sprintf("192.0.2.%d", i+1)
			_, _, err := start(t, file, fmt.Sprintf("container-number-%d", i), map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", Addresses: prefixes(at+"/24", fmt.Sprintf("2001:db8::%d/64", i+1))}})
			if err != nil {
				t.Errorf("%d: %v", i, err)
				return
			}
			nettest.Serve(t, ns.Do, "tcp", at+":80", at)
			if word, err := nettest.Ask(guest.Do, "tcp", at+":80", 10*time.Second); !strings.HasPrefix(word, at+" to ") || err != nil {
				t.Errorf("%s answers %q, %v", at, word, err)
			}
		})
	}
	all.Wait()
	t.Logf("all were there after %v", time.Since(begun))
}

// Addresses of hardware stay the same, and are others for another host, container or interface.
func TestMAC(t *testing.T) {
	first := MAC("host", "web", "eth0")
	if !first.One() || first != MAC("host", "web", "eth0") {
		t.Errorf("%s is no address of one interface, or not the same twice", first)
	}
	for _, other := range []spec.MAC{MAC("host2", "web", "eth0"), MAC("host", "web2", "eth0"), MAC("host", "web", "eth1"), MAC("host", "we", "beth0")} {
		if other == first {
			t.Errorf("%s is the address of two", other)
		}
	}
}
