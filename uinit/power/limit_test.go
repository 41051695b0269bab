package power

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// How long PID 1 waits for the worker: what that wrote, within an hour; a minute where there is nothing that makes sense.
func TestLimit(t *testing.T) {
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWUSER|syscall.CLONE_NEWNS) {
		return
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", "/run", "tmpfs", 0, "")); err != nil {
		t.Fatal(err)
	}
	if got := Limit(); got != time.Minute {
		t.Errorf("nothing is written: %v", got)
	}
	for text, want := range map[string]time.Duration{
		"": time.Minute, "0\n": time.Minute, "-5\n": time.Minute, "soon\n": time.Minute, "1": time.Second, "90\n": 90 * time.Second, "3600\n": time.Hour, "3601\n": time.Hour,
		"7" + strings.Repeat(" ", 63): 7 * time.Second, "7" + strings.Repeat(" ", 64): time.Minute,
	} {
		if err := os.WriteFile(limitFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Limit(); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	for set, want := range map[time.Duration]time.Duration{0: 5 * time.Second, 90*time.Second + 999*time.Millisecond: 95 * time.Second} {
		if err := SetLimit(set); err != nil || Limit() != want {
			t.Errorf("%v is written as %v, %v; want %v", set, Limit(), err, want)
		}
	}
	if info, err := os.Stat(limitFile); err != nil || info.Mode() != 0o644 {
		t.Errorf("%v, %v", info, err)
	}
}

// The worker tells how long its stop may take only after it was asked to stop.
func TestAwaitTakesALaterLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		goneAfter, want time.Duration
	}{
		"gone at once":         {0, 0},
		"gone within the new":  {90 * time.Second, 90 * time.Second},
		"never: the new limit": {time.Hour, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				Await(func() bool { return time.Since(begin) >= tt.goneAfter }, func() time.Duration {
					if time.Since(begin) < time.Second {
						return time.Minute // what is taken for it before the worker has said anything
					}
					return 2 * time.Minute
				})
				if took := time.Since(begin); took != tt.want {
					t.Errorf("it waited %v, want %v", took, tt.want)
				}
			})
		})
	}
}
