package plan

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// A login shell finds what the image's places hold, its prompt names the box, as far as the shell knows how to, and "help" is the box's.
func TestLoginShells(t *testing.T) {
	file := filepath.Join(t.TempDir(), "profile")
	if err := os.WriteFile(file, []byte(loginProfile), 0o644); err != nil {
		t.Fatal(err)
	}
	const named = `\u@\h:\w\$ `
	for _, tt := range []struct{ name, shell, own, want string }{
		{"bash", "bash", `\s-\v\$ `, named},
		{"busybox's ash", "sh", `\w \$ `, named},
		{"one that knows no letters", "sh", `$ `, `$ `},
		{"none", "sh", "", ""},
	} {
		script := `PS1=$1; . "$0"; printf '%s|%s|' "$PATH" "$PS1"; command -v help`
		cmd := exec.Command("/bin/"+tt.shell, "-euc", script, file, tt.own)
		cmd.Env = []string{"PATH=" + spec.SearchPath}
		out, err := cmd.CombinedOutput()
		if want := spec.SearchPath + "|" + tt.want + "|help\n"; err != nil || string(out) != want {
			t.Errorf("%s: %q, %v; want %q", tt.name, out, err, want)
		}
	}
}
