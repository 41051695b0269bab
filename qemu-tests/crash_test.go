package qemu_tests

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// crashing is a box that nobody enters but by SSH, with something of each kind that a worker leaves behind.
const crashing = `
[kernel]
package = "linux-image-cloud-amd64"
[image]
overlays = ["headless", "files"]
[access]
host_password = false
[ssh]
[user.root]
authorized_keys = [%q]
[entropy]
state = "/data/seed"
[run.disk.data]
filesystem = "ext4"
label      = "data"
[mount."/data"]
source = "LABEL=data"
type   = "ext4"
fsck   = "preen"
[dummy.port]
[bridge.inner]
ports     = ["port"]
addresses = ["192.0.2.1/24"]
[vlan."inner.5"]
parent    = "inner"
id        = 5
addresses = ["198.51.100.1/24"]
[service.holds]
command = ["/usr/bin/holds"]
needs   = ["mount:/data"]
writable = ["/data"]
[packages.e2fsprogs]
files = ["/sbin/e2fsck"]
`

// The worker dies again and again. Nobody gets a shell by that where root is locked, nor by the kernel line; the box comes
// back with all that it does; the third time it reboots, and says why.
func TestCrashes(t *testing.T) {
	t.Parallel()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	box := extended(t, fmt.Sprintf(crashing, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))), map[string]string{
		"files/usr/bin/holds": "#!/bin/bash\nexec 9> /data/held; while :; do sleep 1000; done\n",
	})
	box.options.Append = []string{"uinit.rescue"}
	vm, err := boot.Prepare(t.Context(), box.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	port := freePort(t)
	vm.Config.NICs[0].Backend = "user,hostfwd=tcp:127.0.0.1:" + port + "-:22"
	g := startFor(t, vm.Config, 3*limit)
	sound := func(s *report.State) bool {
		return isUp(s) && s.Units["service:ssh"].State == "ok" && s.Units["online:lan"].State == "ok" && s.Units["service:holds"].State == "ok"
	}
	s := until(t, g, "the boot", sound)
	const refused = "no shell: nobody gets in: root has no password"
	if e := s.Units["rescue"]; e.State != "failed" || e.Message != refused {
		t.Errorf("a rescue shell that is asked for: %+v", e)
	}
	talk(t, g, [2]string{`no rescue shell: nobody gets in: root has no password; the boot goes on[\s\S]*! rescue failed: ` + refused + `\s[\s\S]*login: $`, ""})
	hostKey := s.Facts["ssh.host_key"].Value
	for i, way := range []struct{ signal, reason string }{{"KILL", "killed by SIGKILL"}, {"QUIT", "SIGQUIT: quit"}} {
		crash(t, g, way.signal)
		s := until(t, g, "the next worker's boot", func(s *report.State) bool { return hellos(s) == i+2 && sound(s) })
		if e := s.Units["uinit"]; e.State != "degraded" || !strings.HasPrefix(e.Message, "uinit crashed, restarted") || !strings.HasSuffix(e.Message, ": "+way.reason) {
			t.Errorf("after crash %d: %+v", i+1, e)
		}
		if s.Facts["uinit.crashes"].Value != float64(i+1) || s.Facts["uinit.crash"].Value != way.reason || s.Facts["boot.state"].Value != "degraded" {
			t.Errorf("after crash %d the facts are %v", i+1, facts(g))
		}
		if got := s.Facts["ssh.host_key"].Value; got != hostKey {
			t.Errorf("the host's key was %v and is %v", hostKey, got)
		}
		for name, e := range s.Units {
			if e.State != "ok" && name != "rescue" && name != "uinit" && !strings.HasPrefix(name, "console:") {
				t.Errorf("after crash %d %s is %s: %s", i+1, name, e.State, e.Message)
			}
		}
		for line, want := range map[string]string{
			"grep -c ' /data ext4 ' /proc/mounts":                      "1",
			"grep -c ' /usr ' /proc/mounts":                            "1",
			"echo /sys/class/net/inner/brif/*":                         "/sys/class/net/inner/brif/port",
			"ip addr show dev inner | grep -c 192.0.2.1":               "1",
			"ip addr show dev inner.5 | grep -c 198.51.100.1":          "1",
			"uinitctl facts | grep -c 'service.holds.state .*running'": "1",
			"n=0; { for f in /proc/[0-9]*/cmdline; do [[ $(<$f) == /bin/bash/usr/bin/holds ]] && ((++n)); done; } 2>/dev/null; echo $n": "1",
		} {
			if got := inside(t, g, line); got != want {
				t.Errorf("after crash %d %s prints %q, want %q", i+1, line, got, want)
			}
		}
		if got, err := over(t.Context(), port, signer, "id -u"); got != "0\n" || err != nil {
			t.Errorf("SSH after crash %d: %q, %v", i+1, got, err)
		}
		talk(t, g, [2]string{`! uinit degraded: uinit crashed, restarted[^\n]*: ` + way.reason + `\s[\s\S]*login: $`, ""})
	}
	crash(t, g, "KILL")
	if exit := g.Wait(); exit.Reason != "guest-reset" || exit.Killed != nil {
		t.Errorf("after the third crash it ended with %+v", exit)
	}
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"uinit crashed again and again; rebooting in ": true, "Kernel panic": false, "This is a rescue shell": false, ":~# ": false} {
		if got := strings.Contains(console.Text(), text); got != want {
			t.Errorf("the console shows %q: %v", text, got)
		}
	}
	if up := lastUptime(console.Text()); up < 60 {
		t.Errorf("it rebooted %.0f s after the kernel's start, want a minute at least", up)
	}

	g = startFor(t, vm.Config, 2*limit)
	s = until(t, g, "the boot after it", func(s *report.State) bool { return sound(s) && s.Units["last-boot"].State != "" })
	if e := s.Units["last-boot"]; e.State != "degraded" || e.Message != "rebooted because uinit crashed again and again (1 in a row); the last time: killed by SIGKILL" {
		t.Errorf("of the last boot it says %+v", e)
	}
	if _, known := s.Facts["uinit.crash"]; known || s.Facts["uinit.reboots"].Value != 1.0 {
		t.Errorf("the facts are %v", facts(g))
	}
	inside(t, g, "[[ -s /data/seed/uinit-crash ]]")
	talk(t, g, [2]string{`! last-boot degraded: rebooted because uinit crashed[\s\S]*login: $`, ""})
	// Who ends the run in good order has seen it.
	if s := off(t, g); s.Facts["stop.crash_record"].Value == nil {
		t.Error("the record of the crashes is kept")
	}
	if !full() {
		return // that no record is no word of it, every other boot shows
	}
	g = startFor(t, vm.Config, 2*limit)
	if s := until(t, g, "the boot after that", sound); s.Units["last-boot"].State != "" || s.Facts["uinit.reboots"].Value != nil {
		t.Errorf("it still says %+v", s.Units["last-boot"])
	}
	off(t, g)
}

// isUp says that the boot of the worker that runs now is over.
func isUp(s *report.State) bool {
	last := func(k report.Kind) int {
		for i, e := range slices.Backward(s.Events) {
			if e.Kind == k {
				return i
			}
		}
		return -1
	}
	return last(report.KindBoot) > last(report.KindHello)
}

// hellos counts the workers that there were.
func hellos(s *report.State) (n int) {
	for _, e := range s.Events {
		if e.Kind == report.KindHello {
			n++
		}
	}
	return n
}

// crash ends the worker, which has no time to answer.
func crash(t *testing.T, g *qemu.Guest, signal string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		_, _ = g.Request(ctx, report.Request{Command: []string{"/bin/bash", "-c", `{ for p in /proc/[0-9]*; do
	[[ $(<$p/cmdline) == uinitworker* ]] && kill -` + signal + ` ${p#/proc/}; done; } 2>/dev/null`}}) // bash leaves out zero bytes
	}()
}

// over runs a command by SSH.
func over(ctx context.Context, port string, signer ssh.Signer, command string) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+port)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(limit))
	c, channels, requests, err := ssh.NewClientConn(conn, port, &ssh.ClientConfig{
		User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		return "", err
	}
	client := ssh.NewClient(c, channels, requests)
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	out, err := session.Output(command)
	return string(out), err
}

// lastUptime is the time of the kernel log's last line.
func lastUptime(console string) (seconds float64) {
	all := regexp.MustCompile(`(?m)^\[ *(\d+\.\d+)\] `).FindAllStringSubmatch(console, -1)
	if len(all) > 0 {
		_, _ = fmt.Sscanf(all[len(all)-1][1], "%f", &seconds)
	}
	return seconds
}
