package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/oom"
)

// groups makes control groups as uinit does, in the kernel's tree.
func groups(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can make control groups")
	}
	mounts, err := mountinfo.GetMounts(mountinfo.FSTypeFilter("cgroup2"))
	if err != nil {
		t.Fatal(err)
	}
	if len(mounts) == 0 {
		t.Skip("no cgroup2 is mounted here")
	}
	dir, err := os.MkdirTemp(mounts[0].Mountpoint, "imgbuild-test-")
	if err != nil {
		t.Skipf("no control groups to be had: %v", err)
	}
	t.Cleanup(func() {
		for _, d := range []string{"work/users/guest", "work/users", "work", "admin/me", "admin", ""} {
			d = filepath.Join(dir, d)
			_ = os.WriteFile(filepath.Join(d, "cgroup.kill"), []byte("1"), 0)
			await(t, "the end of "+d, func() bool { err := os.Remove(d); return err == nil || os.IsNotExist(err) })
		}
	})
	for _, d := range []string{"work", "work/users", "admin"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A session is in the control group of its account and as easy to kill as others, with and without a terminal, and so is what it
// leaves running.
func TestSessionsAreLimited(t *testing.T) {
	dir := groups(t)
	b := newBox(t, func(s *server) { s.groups = dir })
	before, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("-900"), 0); err != nil {
		t.Skipf("this place does not let root: %v", err)
	}
	t.Cleanup(func() { _ = os.WriteFile("/proc/self/oom_score_adj", before, 0) })
	for _, tt := range []struct{ user, group, adjustment string }{
		{"me", "admin/me", "0"}, {"guest", "work/users/guest", "1000"},
	} {
		for _, terminal := range []string{"-T", "-tt"} {
			out, _, status := b.run(b.ssh(tt.user, "good", terminal,
				`grep -o imgbuild-test.* /proc/self/cgroup; (exec cat /proc/self/oom_score_adj) & wait; setsid sleep 1000 >/dev/null 2>&1 </dev/null & exit 4`))
			got := strings.Join(strings.Fields(out), " ")
			if want := filepath.Base(dir) + "/" + tt.group + " " + tt.adjustment; got != want || status != 4 {
				t.Errorf("%s %s: %q, status %d; want %q, 4", tt.user, terminal, got, status, want)
			}
		}
		// As before: what has made itself independent goes on.
		left, err := os.ReadFile(filepath.Join(dir, tt.group, "cgroup.procs"))
		if n := len(strings.Fields(string(left))); n != 2 || err != nil {
			t.Errorf("%s left %d processes in its group, want 2 (%v)", tt.user, n, err)
		}
	}
}

// What strangers start before they are in does not have this server's protection either.
func TestCheckersAreExpendable(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make itself harder to kill")
	}
	var out bytes.Buffer
	cmd := exec.Command("cat", "/proc/self/oom_score_adj")
	cmd.Stdout = &out
	if err := oom.Start(cmd, oom.Session); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || strings.TrimSpace(out.String()) != "1000" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// An ordinary account has so many connections and no more, until one of them ends; others come in as before.
func TestConnectionsOfAnAccount(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	b := newBox(t, nil)
	private, err := os.ReadFile(filepath.Join(b.dir, "good.key"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dial := func(user string) (*ssh.Client, error) {
		return ssh.Dial("tcp", "127.0.0.1:"+b.port, &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	}
	alive := func(c *ssh.Client, err error) bool {
		if err != nil {
			return false
		}
		s, err := c.NewSession()
		return err == nil && s.Run("true") == nil
	}
	var all []*ssh.Client
	for range maxConnections {
		c, err := dial("guest")
		if !alive(c, err) {
			t.Fatalf("connection %d: %v", len(all), err)
		}
		all = append(all, c)
		defer c.Close()
	}
	if c, err := dial("guest"); alive(c, err) {
		t.Errorf("connection %d was let in", maxConnections+1)
	}
	if c, err := dial("me"); !alive(c, err) {
		t.Errorf("somebody else was turned away: %v", err)
	}
	all[0].Close()
	await(t, "room for another", func() bool { return alive(dial("guest")) })
}
