package access

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// What the box's owner wants for accounts is what they have, and what the owner says nothing of stays.
func TestWhatTheOwnerWantsArrives(t *testing.T) {
	root := t.TempDir()
	const keyA, keyB = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHSPkXHyVvTeGqLzSKYF0xJ0HQ3mIOVBDhw2dCqWz1r a", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHSPkXHyVvTeGqLzSKYF0xJ0HQ3mIOVBDhw2dCqWz1r b"
	for name, text := range map[string]string{
		"etc/shadow":                    "root:!:20000::::::\nann:!:20000::::::\nbob:$5$old:20000::::::\n",
		"etc/passwd":                    "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n",
		"home/bob/.ssh/authorized_keys": "his own\n",
		"home/ann/.ssh/authorized_keys": keyA + "\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bob := spec.User{PasswordHash: spec.SecretHash{Value: "$5$image"}, AuthorizedKeys: []string{keyA}}
	d := featuretest.Deps(t, spec.Machine{User: map[string]spec.User{"ann": {AuthorizedKeys: []string{keyA}}, "bob": bob}})
	wanted := *d.Machine.Now()
	const hash = "$6$saltsalt$abcdefghijklmnop"
	wanted.User = map[string]spec.User{"root": {PasswordHash: spec.SecretHash{Value: hash}}, "ann": {AuthorizedKeys: []string{keyB}}, "bob": bob}
	d.Machine.Publish(&wanted)
	if err := (access{d, root}).setUsers(context.Background()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"etc/shadow": "root:" + hash + ":", "home/ann/.ssh/authorized_keys": keyB + "\n", "home/bob/.ssh/authorized_keys": "his own\n",
	} {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
	if got, err := os.ReadFile(filepath.Join(root, "etc/shadow")); err != nil || !strings.Contains(string(got), "\nbob:$5$old:") {
		t.Errorf("etc/shadow became %q, %v", got, err)
	}
	wanted.User = map[string]spec.User{"eve": {PasswordHash: spec.SecretHash{Value: hash}}}
	if err := (access{d, root}).setUsers(context.Background()); err == nil {
		t.Error("an account that there is not got a password")
	}
}
