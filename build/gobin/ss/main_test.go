package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the kernel wrote of a machine is shown as iproute2's ss shows it.
func TestSockets(t *testing.T) {
	proc := t.TempDir()
	if err := os.Mkdir(filepath.Join(proc, "net"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"tcp": "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
			"   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1\n" +
			"   1: 0F02000A:0016 0202000A:C350 01 00000010:00000003 00:00000000 00000000     0        0 12 1\n",
		"tcp6": "h\n   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1\n",
		"udp":  "h\n   0: 00000000:007B 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 14 2\n",
		"unix": "h\n0000: 00000002 00000000 00010000 0001 01 15 /run/x\n0000: 00000003 00000000 00000000 0001 03 16\n",
	} {
		if err := os.WriteFile(filepath.Join(proc, "net", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for args, want := range map[string]string{
		"-Hltn":  "tcp LISTEN 0 0 0.0.0.0:22 0.0.0.0:*\ntcp LISTEN 0 0 [::1]:22 [::]:*\n",
		"-Htn":   "tcp ESTAB 3 16 10.0.2.15:22 10.0.2.2:50000\n",
		"-H4atn": "tcp LISTEN 0 0 0.0.0.0:22 0.0.0.0:*\ntcp ESTAB 3 16 10.0.2.15:22 10.0.2.2:50000\n",
		"-Hlun":  "udp UNCONN 0 0 0.0.0.0:123 0.0.0.0:*\n",
		"-Hlx":   "u_str LISTEN 0 0 /run/x:15 *:*\n",
		"-Hlntu": "udp UNCONN 0 0 0.0.0.0:123 0.0.0.0:*\ntcp LISTEN 0 0 0.0.0.0:22 0.0.0.0:*\ntcp LISTEN 0 0 [::1]:22 [::]:*\n",
	} {
		var b strings.Builder
		err := run([]string{args}, proc, &b)
		got := ""
		for line := range strings.Lines(b.String()) {
			got += strings.Join(strings.Fields(line), " ") + "\n"
		}
		if err != nil || got != want {
			t.Errorf("ss %s: %v\n%swant\n%s", args, err, got, want)
		}
	}
	for _, args := range []string{"-z", "state"} {
		if err := run([]string{args}, proc, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "accepted: ss ") {
			t.Errorf("ss %s: %v", args, err)
		}
	}
}

// A server of this very process is found, with the process.
func TestOwnSocket(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var b strings.Builder
	if err := run([]string{"-ltnp"}, "/proc", &b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, l.Addr().String()+" ") && strings.Contains(line, fmt.Sprintf("pid=%d,", os.Getpid())) {
			return
		}
	}
	t.Errorf("%s of process %d is missing:\n%s", l.Addr(), os.Getpid(), b.String())
}
