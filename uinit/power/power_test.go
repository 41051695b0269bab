package power

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

func TestActions(t *testing.T) {
	for signal, want := range map[syscall.Signal]Action{
		syscall.SIGUSR2: PowerOff, syscall.SIGTERM: Reboot, syscall.SIGINT: Reboot, syscall.SIGUSR1: Halt, syscall.SIGPWR: PowerOff,
		syscall.SIGHUP: "",
	} {
		if got, _ := OfSignal(signal); got != want {
			t.Errorf("%v asks for %q, want %q", signal, got, want)
		}
	}
	if all := Signals(); len(all) != 5 {
		t.Errorf("asked by %v", all)
	}
	for _, s := range Signals() {
		if a, ok := OfSignal(s); !ok {
			t.Errorf("%v is listened to and asks for %q", s, a)
		}
	}
	for _, a := range []Action{PowerOff, Reboot, Halt} {
		if got, ok := OfExit(a.Exit()); got != a || !ok {
			t.Errorf("exit status %d asks for %q, want %q", a.Exit(), got, a)
		}
	}
	// Neither success nor any end that Go's runtime or a shell gives may look like a request.
	for _, status := range []int{-1, 0, 1, 2, 126, 127, 128, 137, 143} {
		if got, ok := OfExit(status); ok {
			t.Errorf("exit status %d asks for %q", status, got)
		}
	}
}

// Who asks, asks PID 1, by the signal that each init knows. Here that is this process.
func TestRequest(t *testing.T) {
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWUSER|syscall.CLONE_NEWPID) {
		return
	}
	heard := make(chan os.Signal, 9)
	signal.Notify(heard, Signals()...)
	for a, want := range map[Action]os.Signal{PowerOff: syscall.SIGUSR2, Reboot: syscall.SIGTERM, Halt: syscall.SIGUSR1} {
		if err := Request(a); err != nil {
			t.Errorf("%s: %v", a, err)
			continue
		}
		if got := <-heard; got != want {
			t.Errorf("%s: asked by %v, want %v", a, got, want)
		}
	}
	if err := Request("dance"); err == nil || len(heard) > 0 {
		t.Errorf("an action that does not exist: %v", err)
	}
}

func TestSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		release := make(chan struct{})
		broken := errors.New("broken")
		steps := []Step{
			{"good", time.Second, func(context.Context) error { time.Sleep(200 * time.Millisecond); return nil }},
			{"bad", time.Second, func(context.Context) error { return broken }},
			{"panics", time.Second, func(context.Context) error { panic("oh") }},
			{"heeds its context", time.Second, func(ctx context.Context) error { <-ctx.Done(); return errors.New("waited for x") }},
			{"hangs", 3 * time.Second, func(context.Context) error { <-release; return nil }},
			{"last", time.Second, func(context.Context) error { return nil }},
		}
		var got []string
		Run(t.Context(), steps, func(name string, took time.Duration, err error) {
			got = append(got, fmt.Sprintf("%s %v %v", name, took, err))
		})
		close(release)
		want := []string{"good 200ms <nil>", "bad 0s broken", "panics 0s panic: oh", "heeds its context 1s waited for x",
			"hangs 3.1s not done within 3s", "last 0s <nil>"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got\n%q\nwant\n%q", got, want)
		}
		if took := time.Since(begin); took > Budget(steps) {
			t.Errorf("took %v, more than the budget %v", took, Budget(steps))
		}
	})
}
