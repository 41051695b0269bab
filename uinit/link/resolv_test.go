package link

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// Whoever reads the file by the name that a link leads to sees the servers, too.
func TestResolverKeepsLink(t *testing.T) {
	dir := t.TempDir()
	// As where /etc/resolv.conf leads to /var/run/resolv.conf, and /var/run to /run.
	name, target := filepath.Join(dir, "resolv.conf"), filepath.Join(dir, "var", "resolv.conf")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "run"), 0o755), os.Symlink("run", filepath.Join(dir, "var")), os.Symlink(target, name)); err != nil {
		t.Fatal(err)
	}
	if written, err := (resolver{}).write(name, false); written || err != nil {
		t.Errorf("without servers: %v, %v", written, err)
	}
	r := resolver{servers: []netip.Addr{netip.MustParseAddr("192.0.2.53")}}
	for range 2 {
		if written, err := r.write(name, true); !written || err != nil {
			t.Fatalf("%v, %v", written, err)
		}
	}
	if got, err := os.ReadFile(target); err != nil || string(got) != r.String() {
		t.Errorf("the file behind the link holds %q, %v", got, err)
	}
	if to, err := os.Readlink(name); err != nil || to != target {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}
