package oci

import (
	"archive/tar"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestSignals(t *testing.T) {
	for text, want := range map[string]string{"": "", "SIGTERM": "SIGTERM", "term": "SIGTERM", "15": "15", "sigrtmin+3": "SIGRTMIN+3", "RTMAX-14": "SIGRTMAX-14"} {
		if text != "" && !signal.MatchString(text) || signalName(text) != want {
			t.Errorf("%q is %q", text, signalName(text))
		}
	}
	for _, text := range []string{"-9", "SIGTERM ", "150", "SIGRTMIN+", "SIGRTMIN+123"} {
		if signal.MatchString(text) {
			t.Errorf("%q is a signal", text)
		}
	}
}

// What an image says of itself reaches the machine.
func TestDescription(t *testing.T) {
	dir := build(t, [][]byte{archived(t)}, func(m *made, step string) {
		c := &m.config.Config
		c.Entrypoint, c.Cmd, c.Env, c.WorkingDir, c.StopSignal, c.User = []string{"/run"}, []string{"-x", ""}, []string{"A=1", "B="}, "/srv", "quit", "5:6"
	}).layout(t)
	packed, err := packer(t).Pack(t.Context(), []Want{want(t, "x", dir, true)})
	if err != nil {
		t.Fatal(err)
	}
	is := packed[0].Is
	is.Layers, is.Digest = nil, ""
	if got, want := fmt.Sprintf("%q", fmt.Sprintf("%+v", is)), fmt.Sprintf("%q", fmt.Sprintf("%+v", spec.Image{Reference: dir, First: spec.FirstOwner, Entrypoint: []string{"/run"},
		Command: []string{"-x", ""}, Environment: []string{"A=1", "B="}, Directory: "/srv", StopSignal: "SIGQUIT", UID: 5, GID: 6})); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Any name that Linux takes is kept, however odd it looks.
func TestOddNames(t *testing.T) {
	deep := strings.TrimSuffix(strings.Repeat(strings.Repeat("d", 200)+"/", 15), "/")
	names := []string{"new\nline", "back\\slash", "not utf-8 \xff", "-dash", " ", "equals=sign", "\x1b[31m", "ünï", strings.Repeat("n", 255), "a.wh.b", "..a", deep}
	var members []tar.Header
	for _, n := range names {
		members = append(members, text(n, n))
	}
	long := strings.Repeat("t", 4000)
	members = append(members, link(tar.TypeSymlink, "long", long))
	k := packer(t)
	w := want(t, "x", build(t, [][]byte{archived(t, members...)}, nothing).layout(t), true)
	if _, err := k.Pack(t.Context(), []Want{w}); err != nil {
		t.Fatal(err)
	}
	s := &stack{}
	defer s.close()
	if _, _, err := k.pack(t.Context(), w.layers[0], nil, s, spec.FirstOwner, true); err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if body, err := s.readFile(n, 1<<20); err != nil || string(body) != n {
			t.Errorf("%q: %q, %v", n, body, err)
		}
	}
	if n, err := s.lookup("long"); err != nil || n.mode.Type() != fs.ModeSymlink || n.link != long {
		t.Errorf("long: %v, %v", n.mode, err)
	}
}

// On a pipe in the place of an image nobody waits.
func TestPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "x.tar")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := Open(t.Context(), Place{Path: pipe})
		done <- err
	}()
	select {
	case err := <-done:
		says(t, err, "is neither a file nor a folder")
	case <-time.After(10 * time.Second):
		f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		t.Errorf("it waits for somebody to write: %v, %v", f.Close(), err)
	}
}
