package sources

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/profile"
)

const rootHash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"

// laid is an overlay with one of each kind of file; row is what the profile says of modes.
func laid(t *testing.T, row string) (map[string]fs.FileMode, profile.Problems) {
	t.Helper()
	dir, p := buildtest.World(t, "[image]\noverlays = [\"site\"]\n"+row)
	for name, mode := range map[string]fs.FileMode{
		"etc/plain": 0o644, "etc/group": 0o664, "bin/run": 0o755, "etc/closed": 0o640, "bin/su": 0o755 | fs.ModeSetuid, "bin/wall": 0o755 | fs.ModeSetgid,
	} {
		buildtest.Write(t, filepath.Join(dir, "site", name), "x")
		if err := os.Chmod(filepath.Join(dir, "site", name), mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]fs.FileMode{"srv/private": 0o700, "srv/drop": 0o777 | fs.ModeSticky, "srv/team": 0o775 | fs.ModeSetgid} {
		buildtest.Write(t, filepath.Join(dir, "site", name, "file"), "x")
		if err := os.Chmod(filepath.Join(dir, "site", name), mode); err != nil {
			t.Fatal(err)
		}
	}
	overlays, _, err := Overlays(p)
	var problems profile.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatal(err)
	}
	got := map[string]fs.FileMode{}
	for _, o := range overlays {
		for _, f := range append(o.Files, o.Dirs...) {
			got[f.Path] = f.Mode
		}
	}
	return got, problems
}

// What a file is in the overlay never reaches the image by itself; where it says something, somebody has to say what is meant.
func TestModesAreStated(t *testing.T) {
	_, problems := laid(t, "")
	var said []string
	for _, p := range problems {
		if p.Key != "image.overlays[0]" || p.Pos.Line != 7 || p.Pos.Col != 13 {
			t.Errorf("%s stands at %s", p, p.Key)
		}
		said = append(said, p.Msg)
	}
	want := []string{
		`/usr/bin/su in overlay "site" is setuid; accepted: a row of its own, image.modes."/usr/bin/su" = "4755", or "usual", which is 0755`,
		`/usr/bin/wall in overlay "site" is setgid; accepted: a row of its own, image.modes."/usr/bin/wall" = "2755", or`,
		`/srv/drop in overlay "site" is sticky; accepted: a row of its own, image.modes."/srv/drop" = "1777", or`,
		`2 files and directories in overlay "site" are closed to others, and open to everybody in the image: /etc/closed (0640), /srv/private (0700); accepted: a row of image.modes for each that is to be closed, such as "/etc/closed" = "0640", and "/**" = "usual" for the others`,
	}
	for i := range max(len(said), len(want)) {
		switch {
		case i >= len(said):
			t.Errorf("missing: %s", want[i])
		case i >= len(want) || !strings.HasPrefix(said[i], want[i]):
			t.Errorf("got %s", said[i])
		}
	}
	got, problems := laid(t, `[image.modes]
"/bin/*"       = "0750"
"/bin/su"      = "4755"
"/**/closed"   = "0600"
"/srv/drop"    = "1777"
"/srv/private" = "0700"
"/srv/*/file"  = "usual"
`)
	if problems != nil {
		t.Fatal(problems)
	}
	for file, mode := range map[string]fs.FileMode{
		"etc/plain": 0o644, "etc/group": 0o644, "bin/run": 0o750, "bin/su": 0o755 | fs.ModeSetuid, "bin/wall": 0o750, "etc/closed": 0o600,
		"srv/private": fs.ModeDir | 0o700, "srv/drop": fs.ModeDir | 0o777 | fs.ModeSticky, "srv/private/file": 0o644,
	} {
		if got[file] != mode {
			t.Errorf("%s is %v, want %v", file, got[file], mode)
		}
	}
}

// A folder that was copied under a strict umask can be called as usual as any other; that is no word on what is special in itself,
// which a row of its own or an explicit mode has to say.
func TestUsualModes(t *testing.T) {
	_, problems := laid(t, "[image.modes]\n\"/**\" = \"usual\"\n")
	var about []string
	for _, p := range problems {
		about = append(about, strings.Fields(p.Msg)[0])
	}
	if want := []string{"/usr/bin/su", "/usr/bin/wall", "/srv/drop"}; !slices.Equal(about, want) {
		t.Errorf("problems with %q, want %q", about, want)
	}
	got, problems := laid(t, "[image.modes]\n\"/**\" = \"usual\"\n\"/srv/drop\" = \"usual\"\n\"/bin/su\" = \"usual\"\n\"/bin/wa*\" = \"2755\"\n")
	if problems != nil || got["etc/closed"] != 0o644 || got["bin/su"] != 0o755 || got["bin/wall"] != 0o755|fs.ModeSetgid {
		t.Errorf("%v, %v", got, problems)
	}
}

func TestModesThatMeanNothing(t *testing.T) {
	_, problems := laid(t, "[image.modes]\n\"/**\" = \"0755\"\n\"/srv/*\" = \"usual\"\n\"/srv/drop\" = \"1777\"\n\"/etc/plian\" = \"0600\"\n\"/nowhere/*\" = \"0600\"\n")
	if len(problems) != 2 || !strings.HasPrefix(problems[0].String(), problems[0].Pos.File+`:12:16: image.modes."/etc/plian": is no file of an overlay; did you mean /etc/plain?; accepted: `) ||
		!strings.Contains(problems[1].String(), `:13:16: image.modes."/nowhere/*": is no file of an overlay`) {
		t.Errorf("%v", problems)
	}
}

// A file that a key names as secret is closed without a word, and stays it.
func TestSecretFilesAreClosed(t *testing.T) {
	const tunnel = "[wireguard.wg0]\nprivate_key_file = \"/etc/wg/key\"\naddresses = [\"192.0.2.1/24\"]\n[wireguard.wg0.peer.a]\npublic_key = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\npreshared_key_file = \"/lib/psk\"\n"
	const key = "6GmW8Ib3bYp8W+n7hVdUy8S0qVd3eVwJmYw2Zb9xX0E=\n"
	for _, c := range []struct {
		row  string
		want fs.FileMode
		says string
	}{
		{"", 0o600, ""},
		{"[image.modes]\n\"/etc/wg/*\" = \"0400\"\n", 0o400, ""},
		{"[image.modes]\n\"/**\" = \"usual\"\n", 0o600, ""},
		{"[image.modes]\n\"/etc/**\" = \"0644\"\n", 0o600, ""},
		{"[image.modes]\n\"/etc/wg/key\" = \"0640\"\n", 0, `image.modes."/etc/wg/key": would open /etc/wg/key, which wireguard.wg0.private_key_file names as secret, to others; accepted: "0600"`},
	} {
		dir, p := buildtest.World(t, tunnel+"[image]\noverlays = [\"site\"]\n"+c.row)
		buildtest.Write(t, filepath.Join(dir, "site/etc/wg/key"), key)
		buildtest.Write(t, filepath.Join(dir, "site/usr/lib/psk"), key)
		overlays, _, err := Overlays(p)
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q: %v", c.row, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range overlays[0].Files {
			if f.Path == "etc/wg/key" && f.Mode != c.want || f.Path == "usr/lib/psk" && f.Mode != 0o600 {
				t.Errorf("%q: %s is %v", c.row, f.Path, f.Mode)
			}
		}
	}
}

// What looks like a secret does not lie open in an image because a checkout made it so.
func TestSecretsByTheirLook(t *testing.T) {
	key, _, err := uki.GenKey("test", 2048, time.Now(), 1)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED"}, Bytes: der}))
	const wg = "6GmW8Ib3bYp8W+n7hVdUy8S0qVd3eVwJmYw2Zb9xX0E="
	for name, c := range map[string]struct{ text, looks string }{
		"pem":                       {pkcs8, "a private key"},
		"pem, DOS":                  {strings.ReplaceAll(pkcs8, "\n", "\r\n"), "a private key"},
		"pem after a certificate":   {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + pkcs1, "a private key"},
		"openssh":                   {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n", "a private key"},
		"pgp":                       {"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\nlQOYBF0000000000000000000000000\n", "a private key"},
		"der":                       {string(der), "a private key"},
		"pkcs12":                    {"\x30\x82\x0a\x00\x02\x01\x03\x30\x82", "a bundle of keys or certificates (PKCS #12)"},
		"putty":                     {"PuTTY-User-Key-File-3: ssh-ed25519\n", "a private key"},
		"age":                       {"# created: today\nAGE-SECRET-KEY-1QQQ\n", "a key of age"},
		"wireguard":                 {wg + "\n", "a key of 32 octets in base64, as WireGuard's are"},
		"wg-quick":                  {"[Interface]\nPrivateKey = " + wg + "\n", "a key of WireGuard"},
		"shadow":                    {"root:$y$j9T$abcdefgh$LRqEFPcKtOgeEYaTv96nCtHgGBZLGjkBqWtuMCgWV49:1::::::\n", "a password hash"},
		"htpasswd":                  {"anna:$apr1$rOioh4Wh$bVD3DRwksETubcpEH90ww0\n", "a password hash"},
		"smbpasswd":                 {"anna:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[U          ]:LCT-00000001:\n", "a password hash"},
		"bcrypt":                    {"anna:$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234\n", "a password hash"},
		"grub":                      {"password_pbkdf2 root grub.pbkdf2.sha512.10000." + strings.Repeat("0A", 64) + "." + strings.Repeat("B1", 64) + "\n", "a password hash"},
		"a hash in a sentence":      {"The password is \"" + rootHash + "\".\n", "a password hash"},
		"a hash that is none":       {"# as in shadow(5): $6$rounds=5000$saltsaltsaltsalt$ and then the digest, or $y$j9T$saltsaltsalt$digestdigestdigest\n", ""},
		"a key of Java":             {keystore(1), "a private key"},
		"a truststore of Java":      {keystore(2), ""},
		"half a truststore":         {keystore(2)[:50], "a private key"},
		"public pem":                {"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC\n", ""},
		"a certificate":             {"-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC\n", ""},
		"public ssh":                {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL\n", ""},
		"a program that reads keys": {"\x7fELF\x00-----BEGIN OPENSSH PRIVATE KEY-----\n\x00-----END", ""},
		"a script":                  {"#!/bin/sh\necho \"$1$2\" $6 ${7}\n", ""},
		"a peer":                    {"[Peer]\nPublicKey = " + wg + "\n", ""},
		"text":                      {"a private key\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir, p := buildtest.World(t, "[image]\noverlays = [\"site\"]\n")
			buildtest.Write(t, filepath.Join(dir, "site/srv/thing"), c.text)
			_, _, err := Overlays(p)
			want := `/srv/thing in overlay "site" looks like ` + c.looks + `, and everybody could read it in the image; accepted: a row of its own, image.modes."/srv/thing" = "0600", or "usual", which is 0644`
			if c.looks == "" && err != nil || c.looks != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%v", err)
			}
		})
	}
}

// keystore is a key store of Java with a certificate and an entry of the kind tag.
func keystore(tag byte) string {
	entry := func(tag byte) string {
		return "\x00\x00\x00" + string(tag) + "\x00\x02ca" + strings.Repeat("\x00", 8) + "\x00\x05X.509" + "\x00\x00\x00\x04cert"
	}
	return "\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00\x00\x02" + entry(2) + entry(tag) + strings.Repeat("h", 20)
}
