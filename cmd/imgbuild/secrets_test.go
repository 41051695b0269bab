package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/build/uki/ukitest"
)

// What is made of a secret is its owner's, whatever it was before and whatever the umask is.
func TestSecretsStayClosed(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	dir, _ := images(t)
	mode := func(name string) fs.FileMode {
		t.Helper()
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	add := func(name, text string, perm fs.FileMode) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), perm); err != nil {
			t.Fatal(err)
		}
		return filepath.Dir(file)
	}
	for _, c := range []struct {
		overlay string
		want    fs.FileMode
		says    string
	}{
		{add("plain/motd", "hello", 0o644), 0o644, ""},
		{add("closed/x.key", "secret", 0o600), 0o600, "readable by its owner alone (0600): it contains /x.key"},
		{add("open/x.key", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n", 0o644), 0o600, "warning: /x.key looks like a secret, and everybody can read it in the image; chmod 0600 "},
	} {
		code, _, stderr := imgbuild(t, dir, "repack", "initrd", "--overlay", c.overlay, "-o", "out.img")
		if code != exitDone || mode("out.img") != c.want || !strings.Contains(stderr, c.says) || c.says == "" && strings.Contains(stderr, "0600") {
			t.Errorf("%s: %d, %v\n%s", c.overlay, code, mode("out.img"), stderr)
		}
	}

	// A signed program is no more open than it was.
	add("box.efi", string(ukitest.Stub(1024)), 0o600)
	imgbuild(t, dir, "genkey", "key")
	if code, _, stderr := imgbuild(t, dir, "sign", "box.efi", "--key", "key.key", "--cert", "key.crt", "-o", "signed.efi"); code != exitDone || mode("signed.efi") != 0o600 {
		t.Errorf("%v\n%s", mode("signed.efi"), stderr)
	}
}

// A mistake with a secret is told without it: messages end up in logs.
func TestCheckShowsNoSecrets(t *testing.T) {
	dir := t.TempDir()
	const hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv"
	for name, c := range map[string]struct {
		text string
		keys []string
	}{
		"values": {`[user.root]
password_hash   = "` + hash + `"
authorized_keys = ["-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"]
nt_hash         = "8846F7EAEE8FB117AD06BDD830B7586"
[wireguard.wg0]
private_key_file = "/srv/key"
[wireguard.wg0.peer.a]
public_key = "6GmW8Ib3bYp8Wn7hVdUy8S0qVd3eVwJmYw2Zb9xX0E"
`, []string{"user.root.password_hash:", "user.root.authorized_keys", "user.root.nt_hash:", "wireguard.wg0.peer.a.public_key:"}},
		"values in place of files": {`[wireguard.wg0]
private_key_file = "6GmW8Ib3bYp8Wn7hVdUy8S0qVd3eVwJmYw2Zb9xX0E="
[wireguard.wg0.peer.a]
public_key         = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
preshared_key_file = "6GmW8Ib3bYp8Wn7hVdUy8S0qVd3eVwJmYw2Zb9xX0E="
[share.iscsi.a]
target        = "iqn.2026-01.example:a"
source        = "/dev/vdb"
user          = "anna"
password_file = "correct horse battery"
`, []string{"wireguard.wg0.private_key_file:", "wireguard.wg0.peer.a.preshared_key_file:", "share.iscsi.a.password_file:"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, "box.toml"), []byte("extends = \"headless\"\n"+c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, verb := range [][]string{{"check"}, {"check", "--json"}, {"plan"}, {"build"}} {
				code, stdout, stderr := imgbuild(t, dir, append(verb, "./box.toml")...)
				for _, key := range c.keys {
					if !strings.Contains(stdout+stderr, strings.TrimSuffix(key, ":")) {
						t.Errorf("%q does not tell of %s", verb, key)
					}
				}
				for _, secret := range []string{hash[10:30], "b3BlbnNz", "8846F7EA", "6GmW8Ib3", "correct horse"} {
					if code == exitDone || strings.Contains(stdout+stderr, secret) {
						t.Errorf("%q: %d, and shows %s", verb, code, secret)
					}
				}
			}
		})
	}
}
