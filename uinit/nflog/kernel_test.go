package nflog

import (
	"context"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/nettest"
)

const rules = `table inet t { chain out {
	type filter hook output priority 0
	udp dport 4243 log prefix "three: " group 3
	udp dport 4244 log prefix "four: " group 4
}
}`

// What the running kernel logs arrives, of more than one group, and Read ends with its context.
func TestKernelLogs(t *testing.T) {
	needed.Program(t, "nft")
	if !nettest.Within(t, time.Minute, 0) {
		return
	}
	for _, command := range [][]string{{"ip", "link", "set", "lo", "up"}, {"nft", rules}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	source, err := Open([]int{3, 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1:4243", "127.0.0.1:4244", "127.0.0.1:4243"} {
		c, err := net.Dial("udp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("x")); err != nil { // nobody listens; that shows at the next write
			t.Fatal(err)
		}
		c.Close()
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	seen := map[string]int{}
	total := 0
	err = source.Read(ctx, &Limits{Rate: 100, Burst: 100}, func(p Packet) {
		seen[p.Prefix] += int(p.ToPort)
		if total++; total == 3 {
			stop()
		}
	}, func(all []Lost) { t.Errorf("lost: %+v", all) })
	if err != nil || total != 3 || seen["three"] != 2*4243 || seen["four"] != 4244 {
		t.Errorf("%d packets, %v, %v", total, seen, err)
	}
}
