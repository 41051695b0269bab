// Package ci tests the scripts in .ci and the workflows that call them.
package ci

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// .ci/install asks for the packages of all that is missing and no others, each once.
func TestInstall(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"tools": "# a comment\n\nshell sh\nfile /etc/passwd\nabsent1 sh no-such-program-1 no-such-program-2\nabsent2 /no/such/file\n",
		// Who runs as another than root is told, where there is no sudo.
		"bin/id": "#!/bin/sh\necho 1000\n",
	} {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("../../.ci/install")
	if err != nil {
		t.Fatal(err)
	}
	install := filepath.Join(dir, "install")
	if err := os.WriteFile(install, text, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, program := range map[string]string{"dirname": "/usr/bin/dirname", "sh": "/bin/sh"} {
		if err := os.Symlink(program, filepath.Join(dir, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	run := func() (string, error) {
		cmd := exec.Command("/bin/sh", install)
		cmd.Env = []string{"PATH=" + filepath.Join(dir, "bin")}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	want := "the tests need packages that are not installed; as root, run: apt-get install absent1 absent2\n"
	if out, err := run(); err == nil || out != want {
		t.Errorf("%v, %q, want %q", err, out, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "tools"), []byte("shell sh\nfile /etc/passwd\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := run(); err != nil || out != "" {
		t.Errorf("of a complete machine: %v, %q", err, out)
	}
}
