package build

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
)

const rootHash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"

// Artifacts that hold a secret are their owner's; the others, and those of images without, are not closed.
func TestArtifactsWithSecretsAreClosed(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	for name, c := range map[string]struct {
		text   string
		secret bool
	}{
		"none":            {"", false},
		"an open overlay": {"[image]\noverlays = [\"site\"]\n", false},
		"a closed file":   {"[image]\noverlays = [\"site\"]\n[image.modes]\n\"/etc/x\" = \"0600\"\n", true},
		"a hash":          {"[user.root]\nshell = \"/usr/sbin/nologin\"\npassword_hash = \"" + rootHash + "\"\n", true},
		"an NT hash":      {"[user.ann]\nshell = \"/usr/sbin/nologin\"\nnt_hash = \"8846F7EAEE8FB117AD06BDD830B7586C\"\n", true},
		"a public key":    {"[user.root]\nshell = \"/usr/sbin/nologin\"\nauthorized_keys = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL\"]\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir, p := buildtest.World(t, c.text)
			buildtest.Write(t, filepath.Join(dir, "site/etc/x"), "hello")
			for _, a := range buildMedia(t, p, filepath.Join(dir, "out"), all) {
				info, err := os.Stat(a.Path)
				if err != nil {
					t.Fatal(err)
				}
				want := fs.FileMode(0o644)
				if c.secret && slices.Contains([]string{"box-initrd.img", "box.efi", "box.img", "box.iso"}, a.Name) {
					want = 0o600
				}
				if info.Mode() != want {
					t.Errorf("%s is %v, want %v", a.Name, info.Mode(), want)
				}
			}
		})
	}
}

// An update holds what the disk does.
func TestUpdatesWithSecretsAreClosed(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	const updating = "[update]\nkeys = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtHslSlNAnKTh8nrHSAtL32tq1gy5iDmiHsKBwlHhRz test\"]\n[check.users]\nunit = \"users\"\non_box = true\n"
	for text, want := range map[string]fs.FileMode{"": 0o644, "[user.root]\nshell = \"/usr/sbin/nologin\"\npassword_hash = \"" + rootHash + "\"\n": 0o600} {
		dir, p := buildtest.World(t, updating+text)
		made := buildMedia(t, p, filepath.Join(dir, "out"), []profile.Format{profile.FormatUpdate})
		info, err := os.Stat(made[0].Path)
		if err != nil || made[0].Name != "box.update" || info.Mode() != want {
			t.Errorf("%v, %v, %v, want %v", made[0].Name, info.Mode(), err, want)
		}
	}
}

// What closes them is said, and nothing that is in the image shows it: neither what is printed nor the cache, which others may read.
func TestSecretsAreNowhereElse(t *testing.T) {
	dir, p := buildtest.World(t, "[image]\noverlays = [\"site\"]\n[image.modes]\n\"/etc/x.key\" = \"0600\"\n[user.root]\nshell = \"/usr/sbin/nologin\"\npassword_hash = \""+rootHash+"\"\n[user.ann]\nshell = \"/usr/sbin/nologin\"\nnt_hash = \"8846F7EAEE8FB117AD06BDD830B7586C\"\n")
	const content = "correct horse battery staple"
	buildtest.Write(t, filepath.Join(dir, "site/etc/x.key"), content)
	var said bytes.Buffer
	e := env(t, shared)
	e.Progress = &progress.Lines{W: &said, Verbose: true}
	made, err := e.Build(t.Context(), p, filepath.Join(dir, "out"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "they contain user.ann.nt_hash, user.root.password_hash, /etc/x.key\n"; !strings.Contains(said.String(), want) {
		t.Errorf("it says\n%s", said.String())
	}
	image, err := e.Prepare(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := e.List(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%s\n%s\n%s\n%+v\n%+v", said.String(), p.TOML(), image.Plan, p.Shown(), rows)
	planned := image.Plan.Shown()
	for _, files := range append([][]tree.File{planned.Files}, segmentFiles(planned)...) {
		for _, f := range files {
			shown += fmt.Sprintf("%s %s %s %s\n", f.Path, f.Body, f.From, f.From.SHA256)
		}
	}
	if !strings.Contains(shown, "root:x:0:0::/root") {
		t.Error("the plan shows no file at all")
	}
	places := map[string]string{"what is printed": shown}
	for _, a := range made {
		if a.Name != "box-initrd.img" {
			text, err := os.ReadFile(a.Path)
			if err != nil {
				t.Fatal(err)
			}
			places[a.Name] = string(text)
		}
	}
	// Segments of the cache are compressed, so it is the plan that tells: all that is not for everybody lies in what is not kept.
	for _, s := range image.Plan.Segments {
		for _, f := range s.Files {
			if s.Stable && f.Mode.IsRegular() && f.Mode&0o004 == 0 && f.From.Store != "package" {
				t.Errorf("/%s is in the segment %s, which is kept in the cache", f.Path, s.Name)
			}
		}
	}
	const sum = "c4bbcb1fbec99d65" // the beginning of the content's SHA-256 would do for guessing it
	for place, text := range places {
		for _, secret := range []string{rootHash[12:40], "8846F7EAEE8FB117", content, sum} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %q", place, secret)
			}
		}
	}
}

func segmentFiles(p *plan.Plan) (all [][]tree.File) {
	for _, s := range p.Segments {
		all = append(all, s.Files)
	}
	return all
}
