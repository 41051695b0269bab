package virtioport

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
)

// AckLimit is how long the power-off waits for the host to have the report.
const AckLimit = 2 * time.Second

// Host is whoever runs this machine as a guest, or holds the other end of a serial cable.
type Host struct {
	*feature.Deps
	Reporter *Reporter
	Control  *Control
}

// Open connects with the machine's host in the background: most machines have none.
func (h *Host) Open(context.Context) error {
	if tty, ok := h.Machine.Line.Get(report.ParamReport); ok {
		f, err := OpenSerial(filepath.Join("/dev", filepath.Base(tty)))
		if err != nil {
			return err
		}
		go func() { _ = h.Reporter.Run(context.Background(), f) }() // beyond life: its end is the last event
		go func() { _ = h.Control.Serve(context.Background(), f) }()
		return nil
	}
	go h.keepPort(report.PortReport, os.O_WRONLY, func(f *os.File) error { return h.Reporter.Run(context.Background(), f) })
	go h.keepPort(report.PortControl, os.O_RDONLY, func(f *os.File) error { return h.Control.Serve(context.Background(), f) })
	return nil
}

// keepPort waits for a port and uses it, again and again: hosts go and come back.
func (h *Host) keepPort(name string, flag int, use func(*os.File) error) {
	sys := dev.Sys()
	for h.Life.Err() == nil {
		var device string
		err := h.Events.Wait(h.Life, "virtio-ports", func() (found bool, err error) {
			device, err = FindPort(sys, name)
			if errors.Is(err, ErrNoPort) {
				return false, nil
			}
			return err == nil, err
		})
		if err != nil {
			return
		}
		f, err := os.OpenFile(filepath.Join("/dev", device), flag, 0)
		if err == nil {
			err = use(f)
			f.Close()
		}
		if err != nil {
			h.Log.Debug(fmt.Sprintf("port %s: %v", name, err))
		}
		// Reading a port whose host is away ends at once.
		time.Sleep(200 * time.Millisecond)
	}
}

// Done ends the report and waits until the host has it: what is still in the port when the machine
// goes off is lost.
func (h *Host) Done(ctx context.Context, action power.Action) error {
	h.Reporter.Send(report.Event{Kind: report.KindDone, State: string(action)})
	if !h.hasHost() {
		return nil
	}
	if err := h.Reporter.Flush(ctx); err != nil {
		return fmt.Errorf("sending the report's end: %w", err)
	}
	select {
	case <-h.Control.Acked():
	case <-ctx.Done():
	}
	return nil
}

// hasHost says whether anybody may be listening at all.
func (h *Host) hasHost() bool {
	if h.Machine.Line.Has(report.ParamReport) {
		return true
	}
	ports, err := os.ReadDir("/sys/class/virtio-ports")
	return err == nil && len(ports) > 0
}
