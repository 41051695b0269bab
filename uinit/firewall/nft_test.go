package firewall

import (
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// The real nft takes the fallback, in a network of its own.
func TestFallbackLoads(t *testing.T) {
	nft := needed.Program(t, "nft")
	ssh := &spec.SSH{Port: 22}
	for name, m := range map[string]*spec.Machine{
		"nothing open": {Firewall: &spec.Firewall{}},
		"a bridge":     {Firewall: &spec.Firewall{}, Bridge: map[string]spec.Bridge{"br0": {}}},
		"both families": {SSH: ssh, Firewall: &spec.Firewall{Management: spec.Management{
			Interfaces: []string{"lan", "bond0.20"}, From: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24"), netip.MustParsePrefix("2001:db8::/32")}}}},
		"several ports": {Firewall: &spec.Firewall{Management: spec.Management{Interfaces: []string{"lan"}, TCP: []int{22, 443}}}},
	} {
		cmd := exec.Command(nft, "-f", "-")
		cmd.Stdin = strings.NewReader(Fallback(m))
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}
