package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/console"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/entropy"
	"github.com/imgbuild/imgbuild/uinit/klog"
	"github.com/imgbuild/imgbuild/uinit/kmod"
	"github.com/imgbuild/imgbuild/uinit/link"
	"github.com/imgbuild/imgbuild/uinit/log/journal"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/service"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/unit"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
)

// worker is where everything meets: the profile, the kernel line, and the modules that act on them.
type worker struct {
	machine *spec.Machine
	growth  *spec.Growth // nil: no partition is to grow
	line    cmdline.Line
	kmsg    io.Writer
	log     *slog.Logger

	// life ends when the machine goes down.
	life     context.Context
	events   *dev.Monitor
	modules  *kmod.Loader
	disks    *alone.Disks
	turns    mount.Turns
	links    *link.Manager
	services map[string]*service.Service
	output   *service.Output
	guests   *guests

	groups cgroup.Tree // complete after the unit "mounts"

	board    *status.Board
	reporter *virtioport.Reporter
	control  *virtioport.Control
	history  history

	disarm  atomic.Pointer[disarm]
	crashed atomic.Bool // the last boot ended by crashes, and its record lies somewhere

	ruleless error // why the packet filter's rules are not the profile's; set before the unit "firewall"

	terminals terminals
	bare      atomic.Bool // no services: a person said so at the console

	// media and added are what the unit site works with and leaves to others: where site.toml may
	// lie, and VLANs that the profile does not have.
	media, added []string

	pool    *entropy.Pool
	seeded  atomic.Bool // the seed's directory is there
	clock   *timekeeper
	records *records
	arrays  *arrays
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
	signal.Notify(requests, unix.SIGINT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPWR)
	signal.Ignore(unix.SIGHUP, unix.SIGPIPE)

	life, end := context.WithCancelCause(context.Background())
	defer end(nil)
	w, err := newWorker(life, parsePast(args))
	if err != nil {
		fmt.Fprintln(crash, err)
		return 1
	}
	if victim, ok := w.line.Get(paramPanic); ok && victim == "" {
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
	w := &worker{life: life, line: cmdline.Read(), services: map[string]*service.Service{}, reporter: &virtioport.Reporter{},
		disks: &alone.Disks{Sys: dev.Sys(), Open: alone.Open}}
	level := slog.LevelInfo
	if w.line.Has("uinit.debug") {
		level = slog.LevelDebug
	}
	w.kmsg = klog.Open()
	w.log = slog.New(klog.New(w.kmsg, "uinit", level))
	w.output = service.NewOutput(func(name, line string) { w.logLine(name, line) })
	w.pool = entropy.Start(entropy.System{}, os.DirFS("/"))
	w.board = status.NewBoard(w.send)
	serial := w.line.Has(report.ParamReport) // at which anybody may sit, unlike at a virtual machine's own port
	w.control = &virtioport.Control{
		Test: w.line.Has(report.ParamTest) && !serial, Reply: w.reporter.Send,
		Power: func(action string) error { return power.Request(power.Action(action)) },
	}
	w.send(report.Event{Kind: report.KindHello, Name: version(), Message: kernelRelease()})
	w.board.Fact("uinit.version", version())
	w.board.Fact("kernel.release", kernelRelease())
	before.tell(w)

	description, err := readMachine(spec.Path)
	if err != nil {
		return nil, err
	}
	w.machine, w.media, w.growth = &description.Machine, description.Media, description.Grow
	usr := attachUsr(w.machine, w.line)
	if w.modules, _, err = openModules(w.machine, w.line); err != nil {
		return nil, err
	}
	w.override()
	w.clock = newTimekeeper(w.machine.Time, description.Built, w.board.Fact, w.log)
	w.records = newRecords(w.machine.Log, w.board.Fact, w.log)
	go w.records.readKernel()
	addBuiltin(w.machine)
	if w.events, err = dev.Listen(life); err != nil {
		return nil, err
	}
	w.arrays = newArrays(w)
	w.links = link.New(life, w.machine, w.linkFact)
	for name := range w.machine.Service {
		w.services[name] = w.newService(name)
	}
	w.guests = newGuests(w)
	if usr != nil {
		w.note(*usr)
	}
	return w, nil
}

// linkFact passes on what a link tells, also to those who wait for a network.
func (w *worker) linkFact(name string, value any) {
	w.board.Fact(name, value)
	w.clock.link(name, value)
	if strings.HasSuffix(name, ".addresses") {
		w.records.wake()
	}
	if row, ok := strings.CutSuffix(strings.TrimPrefix(name, "link."), ".missing"); ok {
		var trouble error
		if missing := value.(string); missing != "" {
			trouble = errors.New(missing)
		}
		w.revise("online:"+row, trouble)
	}
}

func readMachine(file string) (*spec.Description, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the machine's description: %w", err)
	}
	m := &spec.Description{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("reading the machine's description in %s: %w", file, err)
	}
	return m, nil
}

// boot runs the units; those that are late go on in the background.
func (w *worker) boot() {
	events, stop := w.events.Watch()
	consoles := w.consoles(console.Expand)
	go func() {
		defer stop()
		w.serveNewConsoles(maps.Clone(consoles), events)
	}()
	starting, started := context.WithCancel(w.life)
	hold := make(chan func(string) bool)
	go w.offerHold(starting, consoles, hold)
	go w.keepBridgeFilter()
	go w.watchDisks()
	units := append(Units(w.machine, consoles, w.tried), growing(w.growth, w.tried)...)
	_ = unit.Run(w.life, units, unit.Options{
		DefaultTimeout: w.machine.Boot.UnitTimeout.Or(0), Report: w.note, Hold: hold,
		Settled: func(bool) {
			started()
			told := make(chan struct{})
			go func() { // the file systems that know may not answer
				defer close(told)
				w.tellLastBoot()
			}()
			select {
			case <-told:
			case <-time.After(2 * time.Second):
			}
			w.settled()
		},
	})
}

// logLine writes a service's own words to the kernel's log.
func (w *worker) logLine(name, line string) {
	fmt.Fprint(w.kmsg, klog.Record(fmt.Sprintf("<%d>%s: %s", echo<<3|journal.Info, name, strings.ToValidUTF8(line, "?"))))
}
