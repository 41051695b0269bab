package qemu_tests

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// siege is a shipped profile with Mallory beside one of its interfaces.
type siege struct {
	profile string
	// link is that interface, and what the profile says of it besides.
	link, kind string
	victim     lan.Victim
	// nics are how many interfaces there are, the first of them on Mallory's wire; administrators come over the same one, or by one of
	// their own, whose network is ours; "-" is by the serial line alone.
	nics int
	ours string
}

var sieges = []siege{
	{"headless", "lan", "ethernet", lan.Victim{Four: addr("10.0.2.15"), Router: addr("10.0.2.2"), Port: 22}, 1, ""},
	{"rescue", "lan", "ethernet", lan.Victim{Four: addr("10.0.2.15"), Router: addr("10.0.2.2"), Port: 22}, 1, ""},
	{"nas", "lan", "ethernet", lan.Victim{Four: addr("10.0.2.15"), Router: addr("10.0.2.2"), Port: 2049}, 1, ""},
	{"hypervisor", "br0", "bridge", lan.Victim{Four: addr("10.0.2.15"), Router: addr("10.0.2.2"), Port: 22}, 2, ""},
	{"firewall", "wan", "ethernet", lan.Victim{Four: addr("203.0.113.2"), Router: addr("203.0.113.1"), Port: 22}, 3, "192.168.77"},
	{"firewall-bridge", "wire", "", lan.Victim{Four: addr("192.0.2.2"), Router: addr("192.0.2.1"), Port: 22}, 2, "-"},
}

// A neighbour who lies and floods, beside each shipped profile with addresses of its own: whoever administers the box is answered
// throughout, by SSH and on the serial line, its memory stays its own, and nothing that was forged is believed.
func TestMallory(t *testing.T) {
	t.Parallel()
	long(t) // TestCablesAndLeases has her beside a bond
	for _, b := range sieges {
		t.Run(b.profile, func(t *testing.T) { b.stands(t) })
	}
}

// door is a way to ask the box for something, by its name.
type door struct {
	name string
	ask  func(context.Context) error
}

// knock is how long the box takes to answer at a door.
func (d door) knock(t *testing.T) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	begin := time.Now()
	if err := d.ask(ctx); err != nil {
		t.Errorf("nobody answers at the %s: %v", d.name, err)
	}
	return time.Since(begin)
}

func (b siege) stands(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	wire, port := segment(t), freePort(t)
	g := b.boots(t, signer, wire, port)
	b.victim.MAC = mac(0)
	mallory := wire.Mallory(b.victim)

	doors := []door{serialDoor(t, g)}
	if b.ours != "-" {
		doors = append(doors, door{"SSH server", func(ctx context.Context) error {
			got, err := over(ctx, port, signer, "uinitctl status > /dev/null; echo answered")
			if err == nil && got != "answered\n" {
				err = fmt.Errorf("it says %q", got)
			}
			return err
		}})
	}
	idle := map[string]time.Duration{}
	for _, d := range doors {
		d.knock(t) // the first one has programs loaded
	}
	for range 3 {
		for _, d := range doors {
			idle[d.name] = max(idle[d.name], d.knock(t))
		}
	}
	before, memory := inside(t, g, b.believed()), available(t, g)
	under := func(attack string, begin func() (stop func() int)) {
		stop, worst := begin(), map[string]time.Duration{}
		for range 3 {
			for _, d := range doors {
				worst[d.name] = max(worst[d.name], d.knock(t))
			}
		}
		left := available(t, g)
		sent := stop()
		for name, took := range worst {
			t.Logf("%s, %d sent: the %s took %.2f s, %.2f s when idle; %d MB are left of %d", attack, sent, name, took.Seconds(), idle[name].Seconds(), left>>10, memory>>10)
			if took > 2*idle[name]+2*time.Second {
				t.Errorf("%s: the %s took %v, and %v when idle", attack, name, took, idle[name])
			}
		}
		const most = 32 << 10
		if left < memory-most {
			t.Errorf("%s: %d kB of memory are left, and %d kB were there before", attack, left, memory)
		}
	}
	for _, a := range lan.Attacks {
		under(a.Name, func() func() int { return mallory.Flood(a, 1000) })
	}
	if b.ours != "-" {
		under("TLS handshakes", func() func() int { return handshakes(port) })
	}
	prints(t, g, b.believed(), before)
	s := g.Report().State()
	if n := hellos(&s); n != 1 {
		t.Errorf("uinit's worker was started %d times", n)
	}
	off(t, g)
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
	cable, err := wire.Cable()
	if err != nil {
		t.Fatal(err)
	}
	vm.Config.NICs = []qemu.NIC{{Backend: cable}}
	forward := ",restrict=on,hostfwd=tcp:127.0.0.1:" + port + "-"
	if b.ours == "" {
		// One wire for both: a hub. What Mallory sends to the box's own network does not leave it (restrict).
		vm.Config.NICs[0].Backend = "hubport,hubid=1"
		vm.Config.Extra = append(vm.Config.Extra, "-netdev", "user,id=ours"+forward+b.victim.Four.String()+":22", "-netdev", "hubport,id=ours-hub,hubid=1,netdev=ours",
			"-netdev", strings.Replace(cable, ",", ",id=hers,", 1), "-netdev", "hubport,id=hers-hub,hubid=1,netdev=hers")
	}
	for len(vm.Config.NICs) < b.nics {
		nic := qemu.NIC{Backend: "user,restrict=on"}
		switch {
		case b.ours == "":
			nic.Backend = "hubport,hubid=1" // a second cable to the same switch
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

// serialDoor is the shell on the second serial line.
func serialDoor(t *testing.T, g *qemu.Guest) door {
	console, err := g.Console("ttyS1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`# $`)); err != nil {
		t.Fatal(err)
	}
	n := 0
	return door{"serial line", func(ctx context.Context) error {
		n++
		if err := console.Send(fmt.Sprintf("uinitctl status > /dev/null; echo answer-$((%d))\n", n)); err != nil {
			return err
		}
		_, err := console.Expect(ctx, regexp.MustCompile(fmt.Sprintf(`answer-%d\s`, n)))
		return err
	}}
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

// handshakes begins TLS at a port all the time, from several places at once, until stop.
func handshakes(port string) (stop func() int) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	var sent atomic.Int64
	for range 8 {
		all.Go(func() {
			dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
			for ctx.Err() == nil {
				one, end := context.WithTimeout(ctx, 2*time.Second)
				if conn, err := dialer.DialContext(one, "tcp", "127.0.0.1:"+port); err == nil {
					conn.Close()
				}
				end()
				sent.Add(1)
			}
		})
	}
	return func() int { cancel(); all.Wait(); return int(sent.Load()) }
}
