package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/chart"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/base/plan"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/entropy/pool"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/klog"
	"github.com/imgbuild/imgbuild/uinit/limits"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
	"github.com/imgbuild/imgbuild/uinit/module"
	"github.com/imgbuild/imgbuild/uinit/netcmdline/publish"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
)

// worker is where everything meets: the profile, the kernel line, and the features that act on them.
type worker struct {
	*feature.Deps
	features []running

	kmsg   io.Writer
	output *supervise.Output

	host    virtioport.Host
	history status.History
}

// workerMain boots the machine, waits for a request to end the run, and stops what it started.
// The exit status tells PID 1 what to do next (power.OfExit); what it writes to
// file 3 is what PID 1 shows a person after a crash.
func workerMain(args []string) int {
	if os.Getppid() != 1 {
		fmt.Fprintln(os.Stderr, "uinit: only init starts the worker")
		return 2
	}
	unix.CloseOnExec(3)
	crash := os.NewFile(3, "crash")
	_ = debug.SetCrashOutput(crash, debug.CrashOptions{})
	// Before anything may fail: requests must not be lost, nor end this process the hard way.
	requests := make(chan os.Signal, 16)
	signal.Notify(requests, power.Signals()...)
	signal.Ignore(unix.SIGHUP, unix.SIGPIPE)

	life, end := context.WithCancelCause(context.Background())
	defer end(nil)
	w, err := newWorker(life, parsePast(args))
	if err != nil {
		fmt.Fprintln(crash, err)
		return 1
	}
	if victim, ok := w.Machine.Line.Get(cmdline.TestPanic); ok && victim == "" {
		panic("the kernel line asks for it")
	}
	go w.boot()
	for s := range requests {
		if action, ok := power.OfSignal(s); ok {
			end(errors.New("going down: " + string(action)))
			w.stop(action)
			return action.Exit()
		}
	}
	return 1
}

func newWorker(life context.Context, before past) (*worker, error) {
	w := &worker{host: virtioport.Host{Reporter: &virtioport.Reporter{}}, history: status.History{Uptime: virtioport.Uptime, Shows: chart.Shows}, kmsg: klog.Open()}
	line := cmdline.Read()
	level := slog.LevelInfo
	if line.Has(cmdline.Debug) {
		level = slog.LevelDebug
	}
	log := slog.New(klog.New(w.kmsg, "uinit", level))
	board := status.NewBoard(w.send)
	w.output = supervise.NewOutput(func(name, line string) { w.logLine(name, line) })
	serial := line.Has(report.ParamReport) // at which anybody may sit, unlike at a virtual machine's own port
	w.host.Control = &virtioport.Control{
		Test: line.Has(report.ParamTest) && !serial, Reply: w.host.Reporter.Send,
		Power: func(action string) error { return power.Request(power.Action(action)) },
	}
	w.Deps = &feature.Deps{
		Life: life, Log: log, Facts: board, Outcomes: &feature.Outcomes{Life: life, Log: log, Board: board},
		Disks: &feature.Disks{Disks: &alone.Disks{Sys: dev.Sys(), Open: alone.Open}}, News: &feature.News{},
		Random:   feature.NewRandom(pool.Start(pool.System{}, os.DirFS("/"))),
		Programs: &feature.Programs{},
	}
	w.host.Deps = w.Deps
	w.send(report.Event{Kind: report.KindHello, Name: version(), Message: kernelRelease()})
	board.Fact(plan.Version.Is(version()))
	board.Fact(plan.Kernel.Is(kernelRelease()))
	before.tell(w)

	description, err := spec.Read(spec.Path)
	if err != nil {
		return nil, err
	}
	w.Machine = feature.NewMachine(description, line)
	board.Fact(plan.Image.Is(description.Version))
	limits.TellMemory(w.Deps, w.Machine.Now().Boot.MemoryMin)
	usr := module.AttachUsr(w.Machine.Now(), line)
	if w.Kmod, _, err = module.Open(w.Machine.Now(), line); err != nil {
		return nil, err
	}
	publish.Machine(w.Deps, description.Machine)
	w.Records = syslog.NewRing(int64(w.Machine.Now().Log.Ring))
	w.Programs.Say = func(name, line string) {
		// All of it into the ring, and so much to the kernel's log that this stays readable.
		w.Records.Say(name, line)
		w.output.Line(name, line)
	}
	go func() { // for as long as there is a worker
		if err := w.Records.KeepKernel(context.Background()); err != nil {
			w.Records.Say("uinit", err.Error())
		}
	}()
	w.addServices()
	if w.Events, err = dev.Listen(life); err != nil {
		return nil, err
	}
	w.link()
	if usr != nil {
		w.Outcomes.Note(*usr)
	}
	return w, nil
}

// logLine writes a service's own words to the kernel's log.
func (w *worker) logLine(name, line string) {
	fmt.Fprint(w.kmsg, klog.Record(fmt.Sprintf("<%d>%s: %s", syslog.Echo<<3|syslog.Info, name, strings.ToValidUTF8(line, "?"))))
}

// send reports an event to the host and to whoever asks later.
func (w *worker) send(e report.Event) {
	w.history.Note(e)
	w.host.Reporter.Send(e)
}
