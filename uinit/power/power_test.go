package power

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
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
	if err := Request("dance"); err == nil {
		t.Error("no error for an action that does not exist")
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

func TestIsPress(t *testing.T) {
	event := func(kind, code uint16, value uint32) []byte {
		b := make([]byte, eventSize)
		binary.NativeEndian.PutUint16(b[16:], kind)
		binary.NativeEndian.PutUint16(b[18:], code)
		binary.NativeEndian.PutUint32(b[20:], value)
		return b
	}
	for _, tt := range []struct {
		b    []byte
		want bool
	}{
		{event(evKey, keyPower, 1), true}, {event(evKey, keyPower, 0), false}, // released
		{event(evKey, keyPower, 2), false}, {event(evKey, 30, 1), false}, {event(0, keyPower, 1), false},
	} {
		if got := isPress(tt.b, keyPower); got != tt.want {
			t.Errorf("isPress(%v) = %v", tt.b[16:], got)
		}
	}
}

// Each press counts once, however many events a read brings; half an event at the end is none.
func TestReadPresses(t *testing.T) {
	event := func(kind, code uint16, value uint32) []byte {
		b := make([]byte, 24)
		binary.NativeEndian.PutUint16(b[16:], kind)
		binary.NativeEndian.PutUint16(b[18:], code)
		binary.NativeEndian.PutUint32(b[20:], value)
		return b
	}
	press, release, end := event(1, 116, 1), event(1, 116, 0), event(0, 0, 0)
	for _, tt := range []struct {
		events [][]byte
		want   int
	}{{nil, 0}, {[][]byte{press}, 1}, {[][]byte{press, end, release, end, press, end}, 2}, {[][]byte{event(1, 117, 1), event(1, 116, 2), event(2, 116, 1)}, 0}, {[][]byte{end, press[:23]}, 0}} {
		n := 0
		if readPresses(bytes.NewReader(bytes.Join(tt.events, nil)), func() { n++ }); n != tt.want {
			t.Errorf("%d events are %d presses, want %d", len(tt.events), n, tt.want)
		}
	}
}
