package power

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// kernel writes down what the end of a run asks of it.
type kernel struct {
	mu   sync.Mutex // writing out goes on by itself, where it takes too long
	rows []string
	sync time.Duration // how long writing out takes
	next bool          // a kernel is loaded
	err  error
}

func (k *kernel) end() end {
	note := func(row string) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.rows = append(k.rows, row)
	}
	return end{
		sync:   func() { time.Sleep(k.sync); note("sync") },
		down:   func(driver string) error { note("down " + driver); return errors.New("no card") },
		loaded: func() bool { return k.next },
		reboot: func(cmd int) error {
			note(map[int]string{unix.LINUX_REBOOT_CMD_KEXEC: "kexec", unix.LINUX_REBOOT_CMD_POWER_OFF: "power off", unix.LINUX_REBOOT_CMD_RESTART: "restart", unix.LINUX_REBOOT_CMD_HALT: "halt"}[cmd])
			return k.err
		},
	}
}

// What the kernel holds is written out before the machine ends, but a disk that does not answer keeps it no longer than five seconds; cards that
// would be in the way go down, and whatever comes of that, it ends.
func TestEnd(t *testing.T) {
	for _, tt := range []struct {
		a    Action
		sync time.Duration
		rows []string
		took time.Duration
	}{
		{PowerOff, 0, []string{"sync", "down virtio_net", "power off"}, 0}, {Reboot, 4 * time.Second, []string{"sync", "down virtio_net", "restart"}, 4 * time.Second},
		{Halt, time.Hour, []string{"down virtio_net", "halt"}, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := &kernel{sync: tt.sync, err: unix.EPERM}
			begin := time.Now()
			err := k.end().now(tt.a)
			k.mu.Lock()
			if took := time.Since(begin); !slices.Equal(k.rows, tt.rows) || took != tt.took || !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "no card") {
				t.Errorf("%s: %q after %v, %v; want %q after %v", tt.a, k.rows, took, err, tt.rows, tt.took)
			}
			k.mu.Unlock()
			time.Sleep(2 * time.Hour)
		})
	}
	// A kernel that is loaded is started, by who reboots alone; where it does not start the firmware does.
	for a, rows := range map[Action][]string{Reboot: {"sync", "down virtio_net", "kexec", "restart"}, PowerOff: {"sync", "down virtio_net", "power off"}} {
		k := &kernel{next: true, err: unix.EPERM}
		if err := k.end().now(a); !slices.Equal(k.rows, rows) || !errors.Is(err, unix.EPERM) {
			t.Errorf("%s with a kernel loaded: %q, %v; want %q", a, k.rows, err, rows)
		}
	}
	k := &kernel{}
	if err := k.end().now("dance"); err == nil || k.rows != nil {
		t.Errorf("an action that does not exist: %v, %q", err, k.rows)
	}
}

// helper says in the environment how a process that is to end behaves.
const helper = "IMGBUILD_TEST_ENDS"

func TestMain(m *testing.M) {
	how := os.Getenv(helper)
	if how == "" {
		os.Exit(m.Run())
	}
	heard := make(chan os.Signal, 1)
	switch how {
	case "heeds SIGTERM":
		signal.Notify(heard, unix.SIGTERM, unix.SIGHUP)
	case "heeds SIGHUP":
		signal.Ignore(unix.SIGTERM)
		signal.Notify(heard, unix.SIGHUP)
	case "heeds nothing":
		signal.Ignore(unix.SIGTERM, unix.SIGHUP)
	}
	fmt.Println("ready")
	if how == "is stopped" {
		_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
	}
	select {
	case <-heard:
		os.Exit(7)
	case <-time.After(time.Hour):
	}
}

// Processes are asked to end, those that stop too, and what does not heed it is killed after its grace; the caller stays.
func TestEverybodyEnds(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("process namespaces are root's")
	}
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWNS|syscall.CLONE_NEWPID) {
		return
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("proc", "/proc", "proc", 0, "")); err != nil {
		t.Fatal(err)
	}
	everybody := crowd{func(s unix.Signal) error { return unix.Kill(-1, s) }, others}
	run := func(how string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), helper+"="+how)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
			t.Fatal(line, err)
		}
		return cmd
	}
	ended := func(cmd *exec.Cmd) <-chan syscall.WaitStatus {
		c := make(chan syscall.WaitStatus, 1)
		go func() { _ = cmd.Wait(); c <- cmd.ProcessState.Sys().(syscall.WaitStatus) }()
		return c
	}
	for name, tt := range map[string]struct {
		want  syscall.Signal // that ended it; 0: it ended itself with status 7
		least time.Duration
	}{
		"heeds SIGTERM": {0, 0}, "heeds SIGHUP": {0, 0}, "is stopped": {syscall.SIGTERM, 0}, "heeds nothing": {syscall.SIGKILL, 300 * time.Millisecond}, "knows no signals": {syscall.SIGTERM, 0},
	} {
		over := ended(run(name))
		if left := others(); len(left) == 0 {
			t.Errorf("%s: nobody is there", name)
		}
		begin, grace := time.Now(), time.Minute // of which who heeds takes as much as a loaded machine needs
		if tt.least > 0 {
			grace = tt.least
		}
		if err := everybody.end(t.Context(), grace); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(begin); took < tt.least {
			t.Errorf("%s: after %v", name, took)
		}
		if ws := <-over; ws.Signaled() != (tt.want != 0) || ws.Signaled() && ws.Signal() != tt.want && !(ws.Signal() == syscall.SIGHUP && tt.want == syscall.SIGTERM) || // whichever comes first
			!ws.Signaled() && ws.ExitStatus() != 7 {
			t.Errorf("%s: ended with %v", name, ws)
		}
	}
	if left := others(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if err := Processes().Do(t.Context()); err != nil {
		t.Errorf("with nobody there: %v", err)
	}
	// It does not wait beyond its time; who is left is named.
	over := ended(run("knows no signals"))
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if left := everybody.awaitNone(done); len(left) != 1 || !strings.HasSuffix(left[0], ":/proc/self/exe") {
		t.Errorf("left: %q", left)
	}
	_ = everybody.end(t.Context(), time.Second)
	<-over
}

// Which signals are sent, and when: who takes its time has two seconds, and who is there after five holds up nothing more.
func TestSignalsOfTheEnd(t *testing.T) {
	asked := []string{"SIGTERM 0s", "SIGHUP 0s", "SIGCONT 0s"}
	for name, tt := range map[string]struct {
		gone   time.Duration // when everybody is
		refuse map[unix.Signal]error
		rows   []string
		took   time.Duration
		fails  bool
	}{
		"nobody is there":         {0, map[unix.Signal]error{unix.SIGTERM: unix.ESRCH, unix.SIGHUP: unix.ESRCH, unix.SIGCONT: unix.ESRCH}, asked, 0, false},
		"they heed it":            {time.Second, nil, asked, time.Second, false},
		"just in time":            {1999 * time.Millisecond, nil, asked, 2 * time.Second, false},
		"they do not":             {3 * time.Second, nil, append(slices.Clone(asked), "SIGKILL 2s"), 3 * time.Second, false},
		"they can't be killed":    {time.Hour, nil, append(slices.Clone(asked), "SIGKILL 2s"), 5 * time.Second, true},
		"it may not":              {0, map[unix.Signal]error{unix.SIGTERM: unix.EPERM}, asked[:1], 0, true},
		"it may not the last one": {0, map[unix.Signal]error{unix.SIGCONT: unix.EPERM}, asked, 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			var rows []string
			c := crowd{func(s unix.Signal) error {
				rows = append(rows, fmt.Sprintf("%s %v", unix.SignalName(s), time.Since(begin)))
				return tt.refuse[s]
			}, func() []string {
				if time.Since(begin) < tt.gone {
					return []string{"7:cat"}
				}
				return nil
			}}
			ctx, cancel := context.WithTimeout(t.Context(), Processes().Limit)
			defer cancel()
			err := c.end(ctx, grace)
			if took := time.Since(begin); !slices.Equal(rows, tt.rows) || took != tt.took || (err != nil) != tt.fails {
				t.Errorf("%s: %q after %v, %v; want %q after %v, an error: %v", name, rows, took, err, tt.rows, tt.took, tt.fails)
			}
		})
	}
}

// The budget is what all steps take at the most, each with the moment to say what it waited for.
func TestBudget(t *testing.T) {
	if got, want := Budget([]Step{{Limit: time.Second}, {Limit: 3 * time.Second}}), 4*time.Second+200*time.Millisecond; got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDriversNames(t *testing.T) {
	for field, want := range map[string]bool{"veth\x00\x00": true, "veth": true, "vethx\x00": false, "vet\x00h": false, "": false} {
		if got := named([]byte(field), "veth"); got != want {
			t.Errorf("%q: %v", field, got)
		}
	}
	for _, a := range []Action{PowerOff, Reboot, Halt} {
		if want := map[Action]int{PowerOff: 101, Reboot: 102, Halt: 103}[a]; a.Exit() != want {
			t.Errorf("%s is exit status %d; a worker of before an update says %d", a, a.Exit(), want)
		}
	}
}
