package sources

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// In a checkout under a strict umask nothing is open to others: that is nobody's intent, and no profile's trouble.
func TestCheckoutUnderStrictUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n"
	for umask, suggested := range map[int]string{0o027: "0640", 0o077: "0600"} {
		syscall.Umask(umask)
		dir, p := buildtest.World(t, "[image]\noverlays = [\"site\"]\n")
		for _, name := range []string{"etc/plain", "usr/bin/run", "srv/data/file", "root/note"} {
			buildtest.Write(t, filepath.Join(dir, "site", name), "x")
		}
		if err := os.Chmod(filepath.Join(dir, "site/usr/bin/run"), 0o700); err != nil {
			t.Fatal(err)
		}
		shutAll(t, filepath.Join(dir, "site"), fs.FileMode(umask))
		overlays, _, err := Overlays(p)
		if err != nil {
			t.Fatalf("umask %03o: %v", umask, err)
		}
		for _, f := range overlays[0].Files {
			if want := map[bool]fs.FileMode{false: 0o644, true: 0o755}[f.Path == "usr/bin/run"]; f.Mode != want {
				t.Errorf("umask %03o: %s is %v, want %v", umask, f.Path, f.Mode, want)
			}
		}

		// What a file holds does not come from a umask.
		buildtest.Write(t, filepath.Join(dir, "site/srv/id"), key)
		shutAll(t, filepath.Join(dir, "site"), fs.FileMode(umask))
		want := `/srv/id in overlay "site" looks like a private key, and everybody could read it in the image; accepted: a row of its own, image.modes."/srv/id" = "` + suggested + `", or`
		if found := problemsOf(t, p); len(found) != 1 || !strings.HasPrefix(found[0].Msg, want) {
			t.Errorf("umask %03o: %v", umask, found)
		}
	}
}

// shutAll takes what a umask takes off everything below dir, and off dir.
func shutAll(t *testing.T, dir string, umask fs.FileMode) {
	t.Helper()
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Chmod(at, info.Mode()&^umask)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func problemsOf(t *testing.T, p *profile.Profile) profile.Problems {
	t.Helper()
	_, _, err := Overlays(p)
	var problems profile.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatal(err)
	}
	return problems
}

// One open directory says that modes mean something; then what is closed is told once, without directories that the image has for itself.
func TestClosedIsSaidOnce(t *testing.T) {
	dir, p := buildtest.World(t, "[image]\noverlays = [\"site\"]\n")
	for i := range 20 {
		buildtest.Write(t, filepath.Join(dir, fmt.Sprintf("site/etc/x%02d", i)), "x")
	}
	shutAll(t, filepath.Join(dir, "site"), 0o077)
	if err := os.Chmod(filepath.Join(dir, "site"), 0o755); err != nil {
		t.Fatal(err)
	}
	found := problemsOf(t, p)
	if len(found) != 1 || !strings.HasPrefix(found[0].Msg, `20 files and directories in overlay "site" are closed to others, and open to everybody in the image: /etc/x00 (0600), /etc/x01 (0600), `) ||
		!strings.Contains(found[0].Msg, `/etc/x07 (0600), …; accepted: `) || !strings.HasSuffix(found[0].Msg, `"/**" = "usual" for the others`) {
		t.Errorf("%v", found)
	}
}

// Directories that the image has for itself keep their modes: a row for one is told where it stands.
func TestModesOfTheImagesOwnDirectories(t *testing.T) {
	dir, p := buildtest.World(t, "[image]\noverlays = [\"site\"]\n[image.modes]\n\"/etc\" = \"0750\"\n\"/home/ann\" = \"0755\"\n\"/root\" = \"0700\"\n\"/srv\" = \"usual\"\n\"/var/log\" = \"0755\"\n[user.ann]\nshell = \"/usr/sbin/nologin\"\n")
	for _, at := range []string{"etc", "home/ann", "root", "srv", "var/log", "tmp"} {
		buildtest.Write(t, filepath.Join(dir, "site", at, "file"), "x")
		if err := os.Chmod(filepath.Join(dir, "site", at), 0o750|fs.ModeSticky); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, found := range problemsOf(t, p) {
		got = append(got, fmt.Sprintf("%d:%d %s %s", found.Pos.Line, found.Pos.Col, found.Key, found.Msg))
	}
	want := []string{
		`9:10 image.modes."/etc" is a directory that the image has for itself (base layout), with the mode 0755; accepted: leave it out`,
		`10:15 image.modes."/home/ann" is a directory that the image has for itself (home of ann), with the mode 0700; accepted: leave it out`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
