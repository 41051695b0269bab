package qemu_tests

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/qemu"
)

// door is a way to ask the box for something, by its name.
type door struct {
	name string
	ask  func(context.Context) error
}

// knock is how long the box takes to answer at a door.
func (d door) knock(t *testing.T) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	begin := time.Now()
	if err := d.ask(ctx); err != nil {
		t.Errorf("nobody answers at the %s: %v", d.name, err)
	}
	return time.Since(begin)
}

// doors are all that a box has, and how long each takes at most while nobody else is there, by name.
type doors struct {
	all  []door
	idle map[string]time.Duration
}

// rest sees how long that is. The first time has programs loaded.
func (d *doors) rest(t *testing.T) {
	t.Helper()
	for _, one := range d.all {
		one.knock(t)
	}
	d.idle = d.slowest(t)
}

// slowest is how long each takes at most, of three times by turns.
func (d *doors) slowest(t *testing.T) map[string]time.Duration {
	t.Helper()
	took := map[string]time.Duration{}
	for range 3 {
		for _, one := range d.all {
			took[one.name] = max(took[one.name], one.knock(t))
		}
	}
	return took
}

// stood looks at how long they took under an attack that is over: twice as long as otherwise, and two seconds. What was late is asked
// again, for the host may have become busier than it was; the best of three times counts then.
func (d *doors) stood(t *testing.T, attack string, took map[string]time.Duration) {
	t.Helper()
	for _, one := range d.all {
		idle, took := d.idle[one.name], took[one.name]
		late := func() bool { return took > 2*idle+2*time.Second }
		if late() {
			idle = max(idle, min(one.knock(t), one.knock(t), one.knock(t)))
		}
		t.Logf("%s: the %s took %.2f s, %.2f s when idle", attack, one.name, took.Seconds(), idle.Seconds())
		if late() {
			t.Errorf("%s: the %s took %v, and %v when idle", attack, one.name, took, idle)
		}
	}
}

// serialDoor is the shell on the second serial line.
func serialDoor(t *testing.T, g *qemu.Guest) door {
	console, err := g.Console("ttyS1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`# $`)); err != nil {
		t.Fatal(err)
	}
	n := 0
	return door{"serial line", func(ctx context.Context) error {
		n++
		if err := console.Send(fmt.Sprintf("uinitctl status > /dev/null; echo answer-$((%d))\n", n)); err != nil {
			return err
		}
		_, err := console.Expect(ctx, regexp.MustCompile(fmt.Sprintf(`answer-%d\s`, n)))
		return err
	}}
}

// sshDoor is the SSH server, at a port of this machine's.
func sshDoor(port string, signer ssh.Signer) door {
	return door{"SSH server", func(ctx context.Context) error {
		got, err := over(ctx, port, signer, "uinitctl status > /dev/null; echo answered")
		if err == nil && got != "answered\n" {
			err = fmt.Errorf("it says %q", got)
		}
		return err
	}}
}
