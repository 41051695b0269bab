package hostname

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Files that the image made itself get the new name; those of an overlay stay.
func TestRename(t *testing.T) {
	const own = "127.0.0.1 mine\n"
	for _, c := range []struct{ hosts, want string }{
		{spec.Hosts("box.example.net"), "127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 box7\n"},
		{own, own},
	} {
		etc := t.TempDir()
		for name, text := range map[string]string{"hosts": c.hosts, "hostname": "box.example.net\n"} {
			if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := rename(etc, "box.example.net", "box7"); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"hosts": c.want, "hostname": "box7\n"} {
			if got, err := os.ReadFile(filepath.Join(etc, name)); string(got) != want {
				t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
			}
		}
	}
	if err := rename(t.TempDir(), "a", "b"); err != nil {
		t.Errorf("without files: %v", err)
	}
}
