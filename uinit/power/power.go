// Package power ends the machine's run: who may ask for it, in which order things stop,
// and the last system call.
package power

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Action is how a run ends; its text is the State of the report's last event.
type Action string

// Actions.
const (
	PowerOff Action = "poweroff"
	Reboot   Action = "reboot"
	Halt     Action = "halt"
)

// row ties an action to the signals that ask PID 1 for it (the first as BusyBox' init and those before it have them; Ctrl-Alt-Del
// and a failing power supply have ones of their own), to the exit status by which the worker tells PID 1, and to reboot(2).
type row struct {
	action  Action
	signals []os.Signal
	exit    int
	cmd     int
}

func rows() []row {
	return []row{
		{PowerOff, []os.Signal{unix.SIGUSR2, unix.SIGPWR}, 101, unix.LINUX_REBOOT_CMD_POWER_OFF},
		{Reboot, []os.Signal{unix.SIGTERM, unix.SIGINT}, 102, unix.LINUX_REBOOT_CMD_RESTART},
		{Halt, []os.Signal{unix.SIGUSR1}, 103, unix.LINUX_REBOOT_CMD_HALT},
	}
}

func find(is func(row) bool) (row, bool) {
	all := rows()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return row{}, false
}

// Signals are all that ask for the end of the run.
func Signals() (all []os.Signal) {
	for _, r := range rows() {
		all = append(all, r.signals...)
	}
	return all
}

// OfSignal returns what a signal to PID 1 asks for.
func OfSignal(s os.Signal) (Action, bool) {
	r, ok := find(func(r row) bool { return slices.Contains(r.signals, s) })
	return r.action, ok
}

// OfExit returns what the worker's exit status asks of PID 1.
func OfExit(status int) (Action, bool) {
	r, ok := find(func(r row) bool { return r.exit == status })
	return r.action, ok
}

// Exit is the exit status by which the worker asks PID 1 for the action.
func (a Action) Exit() int {
	r, _ := find(func(r row) bool { return r.action == a })
	return r.exit
}

// Request asks PID 1 for the action; it needs root's rights.
func Request(a Action) error {
	r, ok := find(func(r row) bool { return r.action == a })
	if !ok {
		return fmt.Errorf("asking for %q: accepted: poweroff, reboot, halt", a)
	}
	if err := unix.Kill(1, r.signals[0].(unix.Signal)); err != nil {
		return fmt.Errorf("asking init for %s: %w", a, err)
	}
	return nil
}

// syncLimit bounds sync(2), which never returns when a disk does not answer.
const syncLimit = 5 * time.Second

// Now writes out what the kernel holds, as far as that goes within 5 s, takes down network cards that would be in the
// kernel's way, and ends the run by reboot(2). It returns only if the kernel refuses.
func Now(a Action) error { return end{unix.Sync, takeDown, kernelLoaded, unix.Reboot}.now(a) }

// kernelLoaded says whether a kernel waits to be started in place of this one.
func kernelLoaded() bool {
	b, _ := os.ReadFile("/sys/kernel/kexec_loaded")
	return len(b) > 0 && b[0] == '1'
}

// end is what of the kernel it takes to end a run.
type end struct {
	sync   func()
	down   func(driver string) error
	loaded func() bool // a kernel, by kexec
	reboot func(cmd int) error
}

func (e end) now(a Action) error {
	r, ok := find(func(r row) bool { return r.action == a })
	if !ok {
		return errors.New("BUG: no such action: " + string(a))
	}
	done := make(chan struct{})
	go func() {
		e.sync()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(syncLimit):
	}
	down := e.down(brokenByShutdown) // whatever becomes of it, the run ends
	if a == Reboot && e.loaded() {
		// Somebody had a kernel loaded (kexec_file_load(2)). Where it does not start, the firmware does what it does.
		_ = e.reboot(unix.LINUX_REBOOT_CMD_KEXEC)
	}
	return errors.Join(os.NewSyscallError("reboot", e.reboot(r.cmd)), down)
}
