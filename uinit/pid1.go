package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/console"
	"github.com/imgbuild/imgbuild/uinit/crash"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/features"
	"github.com/imgbuild/imgbuild/uinit/klog"
	"github.com/imgbuild/imgbuild/uinit/limits"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
	"github.com/imgbuild/imgbuild/uinit/module"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// pid1 is the first process. If it ends, so does the kernel: it holds as little as
// possible, a panic in it starts it over, and it never returns.
func pid1() {
	f := new(first)
	for {
		func() {
			defer func() {
				if v := recover(); v != nil {
					fmt.Fprintln(os.Stderr, "init: panic:", v)
				}
			}()
			f.run()
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
	// crashes are those of workers, of late.
	crashes crash.Window
}

func (f *first) run() {
	found, dropped := dropBeside(beside)
	mounted := errors.Join(mount.AttachAll(mount.Early()), mount.Share())
	f.log, f.line = klog.Open(), cmdline.Read()
	if found {
		f.say("files beside the program on the boot medium are not used; %s was removed", beside)
	}
	// The worker inherits the mercy; nothing else does (uinit/slack).
	if err := errors.Join(dropped, mounted, oom.Set(oom.Never), module.OfferModprobe(), console.LoadKeymap(f.line), limits.SpareHugePages(f.line)); err != nil {
		f.say("%v", err)
	}
	f.listen()
	var told past
	if asksForRescue(f.line) {
		told.NoRescue = f.rescue("The kernel line asks for it.")
	}
	for {
		status, words := f.start("worker", told.String())
		if action, ok := power.OfExit(status.ExitStatus()); ok && status.Exited() {
			f.say("%s: %v", action, power.Now(action))
		}
		f.yield()
		told.Crashes++
		told.Reason = crash.Describe(status, words)
		f.say("the worker ended: %s", told.Reason)
		// What it supervised is without an owner now and would be in the next one's way.
		f.steps([]power.Step{power.Processes()})
		tooMany := f.crashes.Add(syslog.Uptime())
		f.tellFeatures(told.Reason)
		switch what, _ := f.line.Get(cmdline.Panic); what {
		case "reboot":
			f.rebootCrashed(told.Reason)
		case "poweroff":
			f.finish(power.PowerOff)
		case "rescue":
			told.NoRescue = f.rescue("uinit's worker ended: " + told.Reason + ". Leaving this shell starts it again.")
			if told.NoRescue == "" {
				f.crashes = crash.Window{} // somebody was there and let it go on
				break
			}
			fallthrough
		default:
			if tooMany {
				f.rebootCrashed(told.Reason)
			}
		}
		time.Sleep(crash.RestartPause)
	}
}

// tellFeatures tells the one that has to do with it of a crash, and reboots at once where that wants it.
func (f *first) tellFeatures(reason string) {
	if features.Crashed == nil {
		return
	}
	reboot := make(chan struct{}, 1)
	f.steps([]power.Step{{Name: "word of the crash", Limit: 10 * time.Second, Do: func(context.Context) error { return features.Crashed(reason, reboot) }}})
	if len(reboot) > 0 {
		f.finish(power.Reboot)
	}
}

// rescue offers the rescue shell, and returns why there was none.
func (f *first) rescue(why string) (refused string) {
	status, reason := f.start("rescue", why)
	f.yield()
	if status.Exited() && status.ExitStatus() == 0 && reason == "" {
		return ""
	}
	refused = crash.Describe(status, reason)
	f.say("no rescue shell: %s; the boot goes on", refused)
	return refused
}

// rebootCrashed ends a run in which the worker would not stay, and leaves word to the next one. It returns only if the
// kernel refuses.
func (f *first) rebootCrashed(reason string) {
	reboots := make(chan int, 1)
	f.steps([]power.Step{{Name: "the record of crashes", Limit: 10 * time.Second, Do: func(context.Context) error {
		n, err := crash.KeepFor(reason)
		reboots <- n
		return err
	}}})
	n := 1
	select {
	case n = <-reboots:
	default:
	}
	at := crash.RebootAt(n)
	f.say("uinit crashed again and again; rebooting in %v", max(at-syslog.Uptime(), 0).Round(time.Second))
	f.steps([]power.Step{fileSystems}) // a watchdog may not wait as long as we do
	time.Sleep(at - syslog.Uptime())
	action := power.Reboot
	if !f.asked.CompareAndSwap(nil, &action) {
		f.yield()
	}
	f.finish(power.Reboot)
	f.asked.Store(nil)
}

// yield returns unless somebody has asked for the end of the run, which end is at work on then.
func (f *first) yield() {
	if f.asked.Load() != nil {
		select {}
	}
}

// start runs this program again under another name and returns how that ended, and what it
// left of a crash. Until then every process that lost its parent is reaped.
func (f *first) start(args ...string) (syscall.WaitStatus, string) {
	var status syscall.WaitStatus
	words, err := unix.MemfdCreate("crash", unix.MFD_CLOEXEC)
	if err != nil {
		words = -1
	} else {
		defer unix.Close(words)
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
			Dir: "/", Env: feature.Environment(), Files: []uintptr{0, 1, 2, uintptr(words)}, Sys: &syscall.SysProcAttr{Setsid: true},
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
			n, _ := unix.Pread(words, text, 0)
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
	signal.Notify(requests, power.Signals()...)
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
		power.Await(func() bool { return f.child.Load() == 0 }, power.Limit)
	}
	f.finish(action)
}

// fileSystems is what PID 1 does about them without the worker, after power.Processes. Neither may hold it up: a process whose
// disk does not answer can't be killed.
var fileSystems = power.Step{Name: "file systems", Limit: 5 * time.Second, Do: mount.DetachAll}

// finish ends the run without the worker.
func (f *first) finish(action power.Action) {
	f.steps([]power.Step{power.Processes(), fileSystems})
	f.say("%s: %v", action, power.Now(action))
}

// steps takes steps, none of which can stop the rest, and says what failed.
func (f *first) steps(steps []power.Step) {
	power.Run(context.Background(), steps, func(name string, _ time.Duration, err error) {
		if err != nil {
			f.say("%s: %v", name, err)
		}
	})
}

func (f *first) say(format string, args ...any) {
	fmt.Fprint(f.log, klog.Record("<27>init: "+fmt.Sprintf(format, args...)))
}
