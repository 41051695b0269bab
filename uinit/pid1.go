package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/klog"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// pid1 is the first process. If it ends, so does the kernel: it holds as little as
// possible, a panic in it starts it over, and it never returns.
func pid1() {
	for {
		func() {
			defer func() {
				if v := recover(); v != nil {
					fmt.Fprintln(os.Stderr, "init: panic:", v)
				}
			}()
			new(first).run()
		}()
		time.Sleep(time.Second)
	}
}

// first starts the worker, which does everything, waits for it and for every orphan, and
// does what the worker can't: survive it.
type first struct {
	log   io.Writer
	line  cmdline.Line
	child atomic.Int64 // the worker's process id; 0 while there is none
	asked atomic.Pointer[power.Action]
}

func (f *first) run() {
	found, dropped := dropBeside(beside)
	mounted := mount.AttachAll(mount.Early())
	f.log, f.line = klog.Open(), cmdline.Read()
	if found {
		f.say("files beside the program on the boot medium are not used; %s was removed", beside)
	}
	if err := errors.Join(dropped, mounted, offerModprobe(), spareHugePages(f.line)); err != nil {
		f.say("%v", err)
	}
	f.listen()
	if f.line.Has("uinit.rescue") || f.line.Has("single") || f.line.Has("S") || f.line.Has("1") {
		f.start("rescue", "The kernel line asks for it.")
	}
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		status, crash := f.start("worker")
		if action, ok := power.OfExit(status.ExitStatus()); ok && status.Exited() {
			f.say("%s: %v", action, power.Now(action))
		}
		if f.asked.Load() != nil {
			select {} // finish is at work
		}
		f.say("the worker ended: %s", describe(status, crash))
		// What it supervised is without an owner now and would be in the next one's way.
		_ = power.KillAll(context.Background(), 2*time.Second)
		switch what, _ := f.line.Get("uinit.panic"); what {
		case "restart":
			time.Sleep(pause)
		case "reboot", "poweroff":
			f.finish(power.Action(what))
		default:
			begin := time.Now()
			f.start("rescue", "uinit's worker ended: "+describe(status, crash)+". Leaving this shell starts it again.")
			if time.Since(begin) < time.Second {
				time.Sleep(pause) // nobody was there to leave it
			}
		}
	}
}

// start runs this program again under another name and returns how that ended, and what it
// left of a crash. Until then every process that lost its parent is reaped.
func (f *first) start(args ...string) (syscall.WaitStatus, string) {
	var status syscall.WaitStatus
	crash, err := unix.MemfdCreate("crash", unix.MFD_CLOEXEC)
	if err != nil {
		crash = -1
	} else {
		defer unix.Close(crash)
	}
	exe, err := os.Executable()
	if err != nil {
		exe = "/init"
	}
	timers, pid := slack.Usual, 0
	if args[0] == "worker" {
		timers = slack.Wide
	}
	slack.Fork(timers, func() {
		pid, err = syscall.ForkExec(exe, append([]string{"uinit"}, args...), &syscall.ProcAttr{
			Dir: "/", Env: environment(), Files: []uintptr{0, 1, 2, uintptr(crash)}, Sys: &syscall.SysProcAttr{Setsid: true},
		})
	})
	if err != nil {
		return status, "starting " + exe + ": " + err.Error()
	}
	if args[0] == "worker" {
		f.child.Store(int64(pid))
		defer f.child.Store(0)
	}
	for {
		switch got, err := syscall.Wait4(-1, &status, 0, nil); {
		case err == syscall.EINTR:
		case err != nil:
			return status, "waiting for it: " + err.Error()
		case got == pid:
			text := make([]byte, 64<<10)
			n, _ := unix.Pread(crash, text, 0)
			return status, string(text[:max(n, 0)])
		}
	}
}

// listen takes requests to end the run: from the programs poweroff and reboot, from the worker,
// and from Ctrl-Alt-Del, which the kernel hands over once it is told so.
func (f *first) listen() {
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_OFF)
	_ = os.WriteFile("/proc/sys/kernel/cad_pid", []byte("1\n"), 0)
	// Go ends the process on some signals that nobody asked for. Nobody reads this channel; it keeps them away.
	signal.Notify(make(chan os.Signal, 1))
	requests := make(chan os.Signal, 16)
	signal.Notify(requests, unix.SIGINT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPWR)
	go func() {
		for s := range requests {
			action, ok := power.OfSignal(s)
			if !ok || !f.asked.CompareAndSwap(nil, &action) {
				continue
			}
			go f.end(action, s.(syscall.Signal))
		}
	}()
}

// end passes the request on to the worker and sees to it that it is met.
func (f *first) end(action power.Action, s syscall.Signal) {
	pid := int(f.child.Load())
	if pid != 0 && syscall.Kill(pid, s) == nil {
		await(func() bool { return f.child.Load() == 0 }, stopLimit)
	}
	f.finish(action)
}

// finish ends the run without the worker.
func (f *first) finish(action power.Action) {
	power.Run(context.Background(), []power.Step{
		{Name: "processes", Limit: 5 * time.Second, Do: func(ctx context.Context) error { return power.KillAll(ctx, 2*time.Second) }},
		{Name: "file systems", Limit: 5 * time.Second, Do: mount.DetachAll},
	}, func(name string, _ time.Duration, err error) {
		if err != nil {
			f.say("%s: %v", name, err)
		}
	})
	f.say("%s: %v", action, power.Now(action))
}

func (f *first) say(format string, args ...any) {
	fmt.Fprint(f.log, klog.Record("<27>init: "+fmt.Sprintf(format, args...)))
}

// describe says in one line how the worker ended.
func describe(s syscall.WaitStatus, crash string) string {
	reason, _, _ := strings.Cut(strings.TrimSpace(crash), "\n")
	switch {
	case reason != "":
		return reason
	case s.Signaled():
		return "killed by " + unix.SignalName(s.Signal())
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}
