package qemu_tests

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/gobin/update/updatetest"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// A person takes a version from a server, looks at it by kexec, has it proved by a start through the firmware, and goes back. What is signed
// by nobody whom the box believes is not taken, nor what is altered.
func TestUpdateByHand(t *testing.T) {
	t.Parallel()
	f := firmware{name: "BIOS", kind: qemu.BIOS}
	key, public := release(t)
	stranger, _ := release(t)
	dir := t.TempDir()
	server := updatetest.Serve(t, dir, updatetest.ForGuests)
	source := fmt.Sprintf("https://10.0.2.2:%s/box.update", server.Port)
	more := "source = \"" + source + "\"\nca = \"/etc/ssl/update.pem\"\n[time]\nservers = []\n[image]\noverlays = [\"headless\", \"ours\"]\n"
	files := map[string]string{"ours/etc/ssl/update.pem": string(server.CA)}
	first := f.version(t, public, "1", more, files)
	second := f.version(t, public, "2", more, files)
	publish := func(signer string, change func([]byte)) {
		t.Helper()
		content, err := os.ReadFile(second.update())
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "box.update")
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		signed(t, signer, file)
		change(content)
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	disk := first.disk(t)
	g := f.startDisk(t, first, disk, 3*limit, nil)
	itRuns(t, g, "1", slot.Good)
	refused := func(what, want string, from ...string) {
		t.Helper()
		reply, err := g.Request(t.Context(), report.Request{Command: append([]string{"uinitctl", "update", "apply"}, from...), Timeout: limit.Seconds()})
		if err != nil || reply.Exit == nil || *reply.Exit == 0 || !strings.Contains(reply.Errors, want) {
			t.Errorf("%s: %+v, %v; want an error with %q", what, reply, err, want)
		}
	}
	refused("nothing there", "404")
	publish(stranger, func([]byte) {})
	refused("signed by a stranger", "not among update.keys")
	refused("the same by IPv6", "not among update.keys", byIPv6(t, dir))
	publish(key, func(b []byte) {
		for i := 16 << 10; i < len(b); i += slot.Sector { // all but the manifest: most of it is not fetched
			b[i] ^= 1
		}
	})
	refused("altered", "SHA-256")
	publish(key, func([]byte) {})
	said := inside(t, g, "uinitctl update check")
	if !strings.Contains(said, "has 2, signed by SHA256:") || !strings.Contains(said, " release; 1 runs.") {
		t.Errorf("it finds %q", said)
	}
	inside(t, g, "uinitctl update apply")
	if got := inside(t, g, "uinitctl update | head -n 2"); got != "a  good     1, runs, starts\nb  next     2, the next start tries it, up to 3 times" {
		t.Errorf("the slots are\n%s", got)
	}
	// A line of the profile has changed.
	served := server.Served("/box.update") + server.Served("/box.update.sig")
	t.Logf("the server gave %d bytes in all", served)
	if got, ok := g.Report().State().Facts["update.fetched_bytes"].Value.(float64); !ok || got > 100_000 {
		t.Errorf("%v bytes were fetched for a version that differs in a line", g.Report().State().Facts["update.fetched_bytes"].Value)
	}

	restart := func(words string) {
		t.Helper()
		if _, err := g.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c", "uinitctl update restart " + words}}); err != nil {
			t.Logf("restart %s: %v", words, err) // the machine may be gone before it answers
		}
	}
	restart("--kexec")
	itRuns(t, g, "2", slot.Next)
	says(t, g, "", "it was started by kexec, and is good when they pass after a start through the firmware")
	if r := recordOf(t, disk); r.Of(slot.B).State != slot.Next || r.Start != slot.A {
		t.Errorf("after kexec the record is %+v", r)
	}
	restart("")
	itRuns(t, g, "2", slot.Good)
	inside(t, g, "uinitctl update rollback")
	restart("")
	s := itRuns(t, g, "1", slot.Good)
	if got := since(&s)["update.failed"]; got != "2 failed: a person went back from it; back on 1" {
		t.Errorf("it says %v", got)
	}
	off(t, g)
}

// byIPv6 serves a directory by HTTP, and returns the address of an update in it for a guest that QEMU's own network gives IPv6.
func byIPv6(t *testing.T, dir string) string {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.FileServer(http.Dir(dir))}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		<-ended
	})
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "http://[fec0::2]:" + port + "/box.update"
}
