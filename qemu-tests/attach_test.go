package qemu_tests

import (
	"bytes"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
)

// step is what a person waits for on the screen, and does then: types keys.
type step struct {
	wait string
	keys string
	do   func(shown string)
}

// typist types the next keys when the screen shows what it waits for, behind what it waited for before.
type typist struct {
	keys   io.Writer
	script []step

	mu    sync.Mutex
	shown bytes.Buffer
	seen  int
}

func (ty *typist) Write(p []byte) (int, error) {
	ty.mu.Lock()
	defer ty.mu.Unlock()
	ty.shown.Write(p)
	for len(ty.script) > 0 {
		next, rest := ty.script[0], ty.shown.Bytes()[ty.seen:]
		at := bytes.Index(rest, []byte(next.wait))
		if at < 0 {
			break
		}
		if next.do != nil {
			next.do(ty.shown.String())
		}
		ty.seen, ty.script = ty.seen+at+len(next.wait), ty.script[1:]
		io.WriteString(ty.keys, next.keys)
	}
	return len(p), nil
}

// attended starts a machine as "imgbuild run" does, with a person before it, who has gone through the script when it ends.
func attended(t *testing.T, m *boot.Machine, hint string, script []step) {
	t.Helper()
	in, keys, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	defer in.Close()
	screen := &typist{keys: keys, script: script}
	exit, err := m.Attach(t.Context(), in, screen, hint)
	if err != nil || exit.Killed != nil || exit.Status != 0 {
		t.Errorf("Attach = %+v, %v", exit, err)
	}
	if len(screen.script) != 0 {
		t.Errorf("waiting for %q the screen shows\n%s", screen.script[0].wait, screen.shown.String())
	}
}

// runs says whether there is a process with exactly the words that sh makes of a command line.
func runs(t *testing.T, line string) bool {
	t.Helper()
	words, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
	if err != nil {
		t.Error(err)
	}
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && bytes.Equal(text, words)
	})
}

// A person types, Ctrl-C included, reads, and leaves. What runs is the line that was shown.
func TestAttach(t *testing.T) {
	t.Parallel()
	m := machine(t, "echo", limit)
	attended(t, m, "", []step{
		{"name: ", "Ad\x03\r", func(string) {
			if line := m.Command(); !runs(t, line) {
				t.Errorf("no process has the words of %s", line)
			}
		}},
		{"hello \"Ad\\x03\"!", "\x01x", nil},
	})
	if left, _ := filepath.Glob(m.Config.Desk + "*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// What is said of pulling disks and of plugging them in works as it is said, and a forwarded port leads into the guest.
func TestPluggedByHand(t *testing.T) {
	t.Parallel()
	a := extended(t, cloud+"[console.\"ttyS*\"]\nlogin = \"autologin\"\n[metrics]\n[run.disk.old]\nsize = \"8M\"\n", map[string]string{})
	at := netip.MustParseAddrPort("127.0.0.1:" + freePort(t))
	a.options.Desk, a.options.Pluggable, a.options.Dir = true, true, filepath.Join(t.TempDir(), "disks")
	a.options.Serials = 2
	a.options.Forwards = []boot.Forward{{Network: "tcp", Host: at, Guest: 9100}}
	m, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	said := m.Plugging()
	_, drive, _ := strings.Cut(said, "plugged in:  ")
	drive, device, _ := strings.Cut(drive, "\n")
	_, device, _ = strings.Cut(device, ":  ")
	if !strings.Contains(said, "old is pulled:  device_del old\n") || !strings.HasPrefix(drive, "drive_add") || !strings.HasPrefix(device, "device_add") {
		t.Fatalf("it is said:\n%s", said)
	}
	const pulled, plugged = "while test -e /sys/block/vda; do sleep 1; done; echo pu''lled\r", "while ! cat /sys/block/vd*/serial; do sleep 1; done; echo ; echo plug''ged\r"
	attended(t, m, "", []step{
		{":~# ", "while ! cat /sys/block/vda/serial; do sleep 1; done; echo; while ! uinitctl facts | grep -q boot.state; do sleep 1; done; echo re''ady\r", nil},
		{"old", "", nil},
		{"ready", "\x01c", func(string) {
			answer, err := http.Get("http://" + at.String() + "/metrics")
			if err != nil {
				t.Errorf("the forwarded port: %v", err)
				return
			}
			defer answer.Body.Close()
			if body, err := io.ReadAll(answer.Body); err != nil || !bytes.Contains(body, []byte("# TYPE ")) {
				t.Errorf("the forwarded port says %.300q, %v", body, err)
			}
		}},
		{"(qemu) ", "device_del old\r", nil},
		{"(qemu) ", "\x01c", nil},
		{"", pulled, nil},
		{"pulled", "\x01c", nil},
		{"(qemu) ", drive + "\r", nil},
		{"OK", device + "\r", nil},
		{"(qemu) ", "\x01c", nil},
		{"", plugged, nil},
		{"spare", "", nil},
		{"plugged", "\x01x", nil},
	})
}
