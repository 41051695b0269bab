package wireguard

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// fake is a kernel that keeps what it is told.
type fake struct {
	State
	did []string
}

func (f *fake) Observe() (State, error) {
	return State{f.Private, f.ListenPort, slices.Clone(f.Peers)}, nil
}

func (f *fake) Do(o Op) error {
	f.did = append(f.did, o.String())
	switch o := o.(type) {
	case SetDevice:
		f.Private, f.ListenPort = o.Private, o.ListenPort
	case SetPeer:
		i := slices.IndexFunc(f.Peers, func(p Peer) bool { return p.Public == o.Peer.Public })
		if i < 0 {
			f.Peers = append(f.Peers, o.Peer)
			return nil
		}
		if o.Peer.Handshake = f.Peers[i].Handshake; !o.Peer.Endpoint.IsValid() {
			o.Peer.Endpoint = f.Peers[i].Endpoint
		}
		f.Peers[i] = o.Peer
	case RemovePeer:
		f.Peers = slices.DeleteFunc(f.Peers, func(p Peer) bool { return p.Public == o.Public })
	}
	return nil
}

func ready(context.Context) error { return nil }

// A key made at first boot is kept, and its public half is the one that RFC 7748, section 6.1, computes.
func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "wg0.key")
	broken := errors.New("no randomness")
	if _, err := PrivateKey(t.Context(), spec.Source{File: path}, nil, func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("without randomness: %v", err)
	}
	k, err := PrivateKey(t.Context(), spec.Source{File: path}, nil, ready)
	if err != nil {
		t.Fatal(err)
	}
	again, err := PrivateKey(t.Context(), spec.Source{File: path}, nil, func(context.Context) error { return broken })
	if err != nil || again != k || k == (Key{}) {
		t.Errorf("a second time %v, %v", again == k, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, read := range []func() (Key, error){
		func() (Key, error) { return readKey(spec.Source{File: path}, nil) }, func() (Key, error) { return PrivateKey(t.Context(), spec.Source{File: path}, nil, ready) },
	} {
		open, err := read()
		if info, _ := os.Stat(path); err == nil || !strings.Contains(err.Error(), "may be read or written by others (mode 0644)") || open != (Key{}) || info.Mode().Perm() != 0o644 {
			t.Errorf("a key that is open to others: %v, %v", info.Mode(), err)
		}
	}
	alice := Key{0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a}
	if p, err := alice.Public(); err != nil || fmt.Sprintf("%x", p[:]) != "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a" {
		t.Errorf("public key %x, %v", p[:], err)
	}
	if p, err := ParseKey(k.String() + "\n"); err != nil || p != k {
		t.Errorf("%v, %v", p, err)
	}
}

func TestConverge(t *testing.T) {
	dir := t.TempDir()
	shared := Key{9}
	if err := os.WriteFile(filepath.Join(dir, "psk"), []byte(shared.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	far, near, gone := Key{1}, Key{2}, Key{3}
	lookups := 0
	found := netip.MustParseAddr("198.51.100.1")
	facts := map[string]any{}
	k := &fake{State: State{Peers: []Peer{{Public: gone}}}}
	one := &Interface{Name: "wg0", Kernel: k, Ready: ready, Fact: func(f fact.Fact) { facts[f.Name()] = f.Value() },
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if lookups++; host != "far.example" {
				return nil, errors.New("no such host")
			}
			return []netip.Addr{found}, nil
		},
		Row: spec.WireGuard{PrivateKeyFile: spec.Source{File: filepath.Join(dir, "key")}, ListenPort: 51820, Peer: map[string]spec.WireGuardPeer{
			"far":  {PublicKey: spec.WireGuardKey(far.String()), Endpoint: "far.example:7", Keepalive: spec.Duration(25 * time.Second), AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}, PresharedKeyFile: spec.Source{File: filepath.Join(dir, "psk")}},
			"near": {PublicKey: spec.WireGuardKey(near.String()), AllowedIPs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}},
		}}}
	if err := one.Keys(t.Context()); err != nil {
		t.Fatal(err)
	}
	step := func(what string, did ...string) {
		t.Helper()
		k.did = nil
		if err := one.Converge(t.Context()); err != nil {
			t.Error(err)
		}
		if !slices.Equal(k.did, did) {
			t.Errorf("%s: %q, want %q", what, k.did, did)
		}
	}
	full := fmt.Sprintf("wg set peer %v preshared-key (hidden) endpoint 198.51.100.1:7 persistent-keepalive 25 allowed-ips 10.0.0.0/8,2001:db8::/32", far)
	step("at first", "wg set private-key (hidden) listen-port 51820", fmt.Sprintf("wg set peer %v remove", gone), full, fmt.Sprintf("wg set peer %v allowed-ips 192.0.2.1/32", near))
	step("a second time")
	k.Peers[0].Handshake, k.Peers[0].Endpoint = time.Now(), netip.MustParseAddrPort("203.0.113.9:99")
	lookups = 0
	step("the peer has moved, and we talk")
	if lookups != 0 || facts["wireguard.wg0.far.connected"] != true || facts["wireguard.wg0.far.endpoint"] != "203.0.113.9:99" || facts["wireguard.wg0.near.connected"] != false {
		t.Errorf("%d look-ups, facts %v", lookups, facts)
	}
	k.Peers[0].Handshake = time.Now().Add(-time.Hour)
	step("it is silent: looked for where it should be", full)
	k.Peers[0].AllowedIPs = nil
	step("somebody took its networks", full)
	k.State = State{}
	step("another interface of that name", "wg set private-key (hidden) listen-port 51820", full, fmt.Sprintf("wg set peer %v allowed-ips 192.0.2.1/32", near))
	if public, _ := k.Private.Public(); facts["wireguard.wg0.public_key"] != public.String() || facts["wireguard.wg0.port"] != 51820 {
		t.Errorf("facts %v", facts)
	}
}

// What is written to the kernel is read back as the same.
func TestMessages(t *testing.T) {
	for _, p := range []Peer{
		{Public: Key{1}, Preshared: Key{2}, Endpoint: netip.MustParseAddrPort("192.0.2.1:51820"), Keepalive: 25 * time.Second, AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}},
		{Public: Key{3}, Endpoint: netip.MustParseAddrPort("[2001:db8::1]:7")},
	} {
		var s State
		if err := s.parse(append(make([]byte, 4), peers(p, replaceAllowed).Serialize()...)); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%+v", s.Peers); got != fmt.Sprintf("%+v", []Peer{p}) {
			t.Errorf("%s, want %+v", got, p)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(append(make([]byte, 4), peers(Peer{Public: Key{1}, AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, replaceAllowed).Serialize()...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s State
		_ = s.parse(b)
		for _, p := range s.Peers {
			for _, n := range p.AllowedIPs {
				if !n.IsValid() {
					t.Errorf("%v", n)
				}
			}
		}
	})
}

// While it is by hand, keys and peers stay as a person sets them; then they are as the row says.
func TestPeersByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, byHand := &fake{}, true
		one := &Interface{Name: "wg0", Kernel: k, Ready: ready, Fact: func(fact.Fact) {}, ByHand: func() bool { return byHand },
			Row: spec.WireGuard{PrivateKey: spec.WireGuardPrivateKey(Key{8, 31: 64}.String()), Peer: map[string]spec.WireGuardPeer{"far": {PublicKey: spec.WireGuardKey(Key{1}.String())}}}}
		if err := one.Keys(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		go one.Keep(ctx, func(err error) { t.Error(err) })
		time.Sleep(3 * look)
		synctest.Wait()
		if len(k.did) > 0 {
			t.Errorf("by hand, and it did %q", k.did)
		}
		byHand = false
		time.Sleep(3 * look)
		synctest.Wait()
		if k.Private != (Key{8, 31: 64}) || len(k.Peers) != 1 {
			t.Errorf("taken back, it is %+v", k.State)
		}
		stop()
	})
}
