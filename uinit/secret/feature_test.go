package secret

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/secret/plan"
	"github.com/imgbuild/imgbuild/uinit/secret/source"
)

const (
	hash   = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
	ntHash = "8846F7EAEE8FB117AD06BDD830B7586C"
)

// What the image does not hold arrives in the files that programs read; what is no such secret leaves the account locked, and is not shown.
func TestSecretsArrive(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{
		"shadow": "root:!:20000::::::\nann:!:20000::::::\n", "passwd": "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n",
		"smb": "bob:1001:X:Y\nann:1:old\n", "hash": hash + "\n", "nt": strings.ToLower(ntHash), "word": "correct horse", "empty": "\n",
		"long": strings.Repeat("x", 5000), "open": hash,
	} {
		mode := os.FileMode(0o600)
		if name == "open" {
			mode = 0o644
		}
		if err := os.WriteFile(at(name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	from := func(name string) spec.Source { return spec.Source{File: at(name)} }
	refused := bounded.Refusal("")
	for _, tt := range []struct {
		user spec.User
		kind string
		ok   bool
		is   func(error) bool
	}{
		{spec.User{PasswordHash: spec.SecretHash{Source: from("none")}}, plan.Password, false, func(err error) bool { return errors.Is(err, source.ErrMissing) }},
		{spec.User{PasswordHash: spec.SecretHash{Source: from("empty")}}, plan.Password, false, func(err error) bool { return errors.Is(err, source.ErrEmpty) }},
		{spec.User{PasswordHash: spec.SecretHash{Source: from("long")}}, plan.Password, false, func(err error) bool { return errors.As(err, &refused) }},
		{spec.User{PasswordHash: spec.SecretHash{Source: from("open")}}, plan.Password, false, func(err error) bool { return errors.As(err, &refused) }},
		{spec.User{PasswordHash: spec.SecretHash{Source: from("word")}}, plan.Password, false, nil},
		{spec.User{NTHash: spec.SecretNTHash{Source: from("word")}}, plan.NT, false, nil},
		{spec.User{PasswordHash: spec.SecretHash{Source: from("hash")}}, plan.Password, true, nil},
		{spec.User{NTHash: spec.SecretNTHash{Source: from("nt")}}, plan.NT, true, nil},
	} {
		d := featuretest.Deps(t, spec.Machine{User: map[string]spec.User{"ann": tt.user}})
		s := &secrets{Deps: d, etc: dir, smb: at("smb")}
		err := s.Step("secret:user.ann." + tt.kind).Run(t.Context())
		told := (*source.Error)(nil)
		if (err == nil) != tt.ok || err != nil && !errors.As(err, &told) || tt.is != nil && !tt.is(err) {
			t.Errorf("%+v: %v", tt.user, err)
		}
		if err != nil && (strings.Contains(err.Error(), "horse") || !strings.HasPrefix(err.Error(), "ann stays locked: "+dir)) {
			t.Errorf("%v", err)
		}
		shadow, _ := os.ReadFile(at("shadow"))
		if locked := strings.Contains(string(shadow), "\nann:!:"); !tt.ok && !locked {
			t.Errorf("%+v: %s", tt.user, shadow)
		}
	}
	for name, want := range map[string]string{"shadow": "root:!:20000::::::\nann:" + hash + ":20000::::::\n", "smb": "bob:1001:X:Y\nann:1000:" + strings.Repeat("X", 32) + ":" + ntHash + ":[U          ]:LCT-00000001:\n"} {
		if got, err := os.ReadFile(at(name)); string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
		}
	}
	// The SSH server's key is copied to where it looks for one; what is none is not.
	key := pem + "\n…\n-----END OPENSSH PRIVATE KEY-----\n"
	if err := os.WriteFile(at("hostkey"), []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"word", "hostkey"} {
		d := featuretest.Deps(t, spec.Machine{SSH: &spec.SSH{HostKeyFile: from(name)}})
		err := (&secrets{Deps: d, hostKey: at("run/key")}).Step("secret:ssh.host_key_file").Run(t.Context())
		got, _ := os.ReadFile(at("run/key"))
		if told := (*source.Error)(nil); (err == nil) != (name == "hostkey") || err == nil && string(got) != key || err != nil && (!errors.As(err, &told) || len(got) > 0 || strings.Contains(err.Error(), "horse")) {
			t.Errorf("%s: %v, %q", name, err, got)
		}
	}
	// The owner of the box has said another hash meanwhile.
	d := featuretest.Deps(t, spec.Machine{User: map[string]spec.User{"ann": {PasswordHash: spec.SecretHash{Value: hash}}}})
	if err := (&secrets{Deps: d, etc: dir}).find("secret:user.ann.password_hash"); err != nil {
		t.Error(err)
	}
}
