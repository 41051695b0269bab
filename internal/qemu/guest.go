package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/qmp"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Guest is a running virtual machine.
type Guest struct {
	config   Config
	process  *process
	consoles []*Console
	log      *report.Log
	control  *Control // nil without Config.Control
	monitor  *qmp.Monitor

	exited chan struct{}
	exit   Exit
}

// StartError says that QEMU refused to start.
type StartError struct {
	Exit Exit
	// Command is what a person can run to see it again.
	Command string
}

func (e *StartError) Error() string {
	if e.Exit.Killed != nil {
		return fmt.Sprintf("starting QEMU: %v", e.Exit.Killed)
	}
	return fmt.Sprintf("starting QEMU: exit status %d: %s", e.Exit.Status, or(e.Exit.Stderr, "it said nothing"))
}

func (e *StartError) Unwrap() error { return e.Exit.Killed }

// Start starts a guest. The end of ctx kills QEMU, whatever it is doing; a
// guest that nobody watches needs a ctx with a deadline. Errors are *MissingError and
// *StartError.
func Start(ctx context.Context, c Config) (*Guest, error) {
	if err := c.Missing(); err != nil {
		return nil, err
	}
	channels, err := c.open()
	if err != nil {
		return nil, err
	}
	p, err := startProcess(ctx, or(c.Binary, DefaultBinary), c.Args(channels.path()), channels.theirs)
	if err != nil {
		channels.close()
		return nil, err
	}
	g := &Guest{config: c, process: p, log: report.NewLog(), exited: make(chan struct{})}
	if err := g.connect(ctx, channels); err != nil {
		if errors.Is(err, qmp.ErrGone) {
			// It closed its sockets on its way out: let it say why.
			select {
			case <-p.done:
			case <-time.After(2 * time.Second):
			}
		}
		p.kill(ErrKilled)
		<-p.done
		channels.close()
		if errors.Is(err, qmp.ErrGone) {
			return nil, &StartError{p.exit, c.Command()}
		}
		return nil, fmt.Errorf("starting QEMU: %w", err)
	}
	return g, nil
}

// Missing finds the program, or a file, that is not there before anything is started, to say where it comes from. The error is a
// *MissingError where a package has it.
func (c Config) Missing() error {
	if _, err := Find(or(c.Binary, DefaultBinary)); err != nil || c.Firmware != UEFI {
		return err
	}
	for _, path := range []string{c.code(), or(c.FirmwareVars, OVMFVars)} {
		if _, err := os.Stat(path); err != nil {
			return &MissingError{path, "ovmf"}
		}
	}
	return nil
}

// open makes what is there before QEMU is.
func (c Config) open() (*channels, error) {
	if c.Desk != "" {
		return desk(c)
	}
	return listen(c.channelNames())
}

// watched is how many serial ports are read here: all, or the one of a person's desk.
func (c Config) watched() int {
	if c.Desk != "" {
		return min(c.Serials, 1)
	}
	return c.Serials
}

func (c Config) channelNames() []string {
	names := []string{channelMonitor}
	if c.Desk == "" {
		for i := range c.Serials {
			names = append(names, serialName(i))
		}
	}
	if c.Report || c.ReportSerial {
		names = append(names, channelReport)
	}
	if c.Control {
		names = append(names, channelControl)
	}
	return names
}

// connect waits for QEMU on every channel and starts the readers, which end with QEMU.
func (g *Guest) connect(ctx context.Context, channels *channels) error {
	conns, err := channels.accept(g.process.done)
	if err != nil {
		return err
	}
	for i := range g.config.watched() {
		g.consoles = append(g.consoles, NewConsole(serialName(i), conns[serialName(i)], g.process.started))
	}
	var reports sync.WaitGroup
	for _, name := range []string{channelReport, channelControl} {
		if conn := conns[name]; conn != nil {
			reports.Go(func() { g.log.Read(conn) }) // an error is the end of the report, as the end is
		}
	}
	go func() {
		reports.Wait()
		<-g.process.done
		g.log.End()
	}()
	if conn := conns[channelControl]; conn != nil {
		g.control = NewControl(conn, g.log)
		go g.control.acknowledge(context.WithoutCancel(ctx))
	}
	if g.monitor, err = qmp.New(ctx, conns[channelMonitor]); err != nil {
		return err
	}
	go g.end(channels)
	return nil
}

// end completes what is known about the guest once QEMU has ended.
func (g *Guest) end(channels *channels) {
	<-g.process.done
	<-g.monitor.Done()
	for _, c := range g.consoles {
		<-c.done
	}
	g.log.Until(context.Background(), func(*report.State) bool { return false })
	channels.close()
	g.exit = g.process.exit
	g.exit.Reason = g.monitor.Shutdown()
	close(g.exited)
}

// Started is when QEMU was started, on the host's clock.
func (g *Guest) Started() time.Time { return g.process.started }

// Console returns the console on a serial port: ttyS0.
func (g *Guest) Console(name string) (*Console, error) {
	var names []string
	for _, c := range g.consoles {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	return nil, fmt.Errorf("the guest has no console %q; it has %s", name, or(strings.Join(names, ", "), "none"))
}

// Consoles returns all consoles, ttyS0 first.
func (g *Guest) Consoles() []*Console { return slices.Clone(g.consoles) }

// Report is what uinit reports; empty without Config.Report.
func (g *Guest) Report() *report.Log { return g.log }

// Request asks uinit for something; see Control.Request.
func (g *Guest) Request(ctx context.Context, r report.Request) (report.Event, error) {
	if g.control == nil {
		return report.Event{}, errors.New("asking the guest: it has no control port")
	}
	return g.control.Request(ctx, r)
}

// Monitor is QEMU's own.
func (g *Guest) Monitor() *qmp.Monitor { return g.monitor }

// QMP runs a command of QEMU's monitor; see qmp.Monitor.Execute.
func (g *Guest) QMP(ctx context.Context, command string, arguments any) (json.RawMessage, error) {
	return g.monitor.Execute(ctx, command, arguments)
}

// Exited is closed when QEMU has ended and everything it said was read.
func (g *Guest) Exited() <-chan struct{} { return g.exited }

// Wait waits for that and says how QEMU ended.
func (g *Guest) Wait() Exit {
	<-g.exited
	return g.exit
}

// Kill ends QEMU at once and waits until it is gone.
func (g *Guest) Kill() Exit {
	g.process.kill(ErrKilled)
	return g.Wait()
}

// Command is a line for sh(1) that starts the same guest on a person's terminal.
func (g *Guest) Command() string { return g.config.Command() }

// Command is a line for sh(1) that starts this guest on a person's terminal; with Config.Desk the very one that Start runs.
func (c Config) Command() string {
	return Quote(append([]string{or(c.Binary, DefaultBinary)}, c.Args("")...)...)
}
