package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/status"
	"github.com/imgbuild/imgbuild/uinit/unit"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu/gate"
)

// line is what "vm list" and "vm stats" tell of a guest. Sizes are in bytes.
type line struct {
	Memory    int64   `json:"memory"`
	VCPUs     int     `json:"vcpus"`
	Autostart bool    `json:"autostart"`
	Restarts  int     `json:"restarts"`
	CPU       float64 `json:"cpu_seconds"`
	Used      int64   `json:"memory_used"`
	Read      int64   `json:"disk_read"`
	Written   int64   `json:"disk_written"`
	Received  int64   `json:"received"`
	Sent      int64   `json:"sent"`
	Refused   int64   `json:"refused"` // frames, not octets
}

// words are what uinitctl says about guests.
var words = []feature.Word{
	{Use: "vm [list|stats]", Does: "guests and their states; what they use"},
	{Use: "vm start|stop|reset|console NAME", Does: "start, shut down, reset; Ctrl-] leaves"},
}

// Answers is the question "vm".
func (g *guests) Answers() map[string]status.Stream { return map[string]status.Stream{"vm": g.answer} }

func (g *guests) answer(_ context.Context, args []string, send func(report.Event) error) error {
	args = append(args, "", "")
	verb, name := args[0], args[1]
	if verb == "list" || verb == "stats" {
		return g.list(verb == "stats", send)
	}
	if !slices.Contains([]string{"start", "stop", "reset", "console"}, verb) {
		return fmt.Errorf("vm: %q is not known; %w", verb, feature.Accepted(words, "vm"))
	}
	one := g.all[name]
	if name == "" {
		return fmt.Errorf("vm %s: which guest? accepted: %s", verb, strings.Join(g.host.Names, ", "))
	}
	if one == nil {
		return fmt.Errorf("there is no guest %q%s; accepted: %s", name, suggest.DidYouMean(name, g.host.Names), strings.Join(g.host.Names, ", "))
	}
	switch verb {
	case "start", "stop":
		return g.manage(verb, one, send)
	case "reset":
		now := one.qemu()
		if now == nil {
			return fmt.Errorf("resetting %s: it is %s", name, one.service.State())
		}
		err := now.Reset()
		g.halt(one, now, now.State())
		return errors.Join(err, send(g.event(one, one.figures())))
	}
	return send(g.event(one, one.figures())) // for a console: that there is such a guest is all that matters
}

// manage starts or stops a guest, whether or not the asker waits for it.
func (g *guests) manage(verb string, one *guest, send func(report.Event) error) error {
	if g.Life.Err() != nil {
		return context.Cause(g.Life)
	}
	state := unit.OK
	var err error
	if now := one.qemu(); verb == "start" && now != nil && one.standing.halted() {
		if err := g.goOn(now); err != nil {
			return fmt.Errorf("starting %s: %w", one.name, err)
		}
		g.halt(one, now, now.State())
		return send(g.event(one, one.figures()))
	} else if verb == "start" && now != nil {
		err = &supervise.StateError{Name: "vm:" + one.name, State: one.service.State()}
	} else if verb == "start" {
		ctx, cancel := context.WithTimeoutCause(g.Life, starting, fmt.Errorf("it did not come within %v", starting))
		defer cancel()
		err = g.begin(ctx, one)
	} else {
		state = unit.State(supervise.Stopped)
		err = one.service.Stop(g.Life)
	}
	g.Outcomes.Managed("vm:"+one.name, state, err)
	return errors.Join(err, send(g.event(one, one.figures())))
}

// figures are those that need no asking.
func (one *guest) figures() line {
	return line{Memory: int64(one.cfg.Memory), VCPUs: one.cfg.VCPUs, Autostart: one.cfg.Autostart, Restarts: one.service.Restarts()}
}

// event is a guest as it is now.
func (g *guests) event(one *guest, row line) report.Event {
	state, _, _ := strings.Cut(one.standing.is(), ":")
	why := one.trouble()
	if err := g.haltedBy(one); err != nil {
		why = strings.TrimPrefix(err.Error(), paused)
	}
	return report.Event{Kind: report.KindFact, Name: one.name, State: state, Message: why, Value: row}
}

// list tells of all guests; figures of what they use take asking QEMU.
func (g *guests) list(figures bool, send func(report.Event) error) error {
	var refused map[int]uint32
	if figures {
		var err error
		if refused, err = gate.Refused(); err != nil {
			return err
		}
	}
	for _, name := range g.host.Names {
		one := g.all[name]
		row := one.figures()
		if now := one.qemu(); figures && now != nil {
			traffic, err := now.Disks()
			if err != nil {
				return err
			}
			row.Read, row.Written = traffic.Read, traffic.Written
			group := g.group(one)
			row.CPU = float64(cgroup.Counter(group, "cpu.stat", "usage_usec")) / 1e6
			row.Used = cgroup.Figure(group, "memory.current")
			for nic := range one.cfg.NIC {
				// What the host receives, the guest has sent.
				row.Sent += counter(spec.Tap(name, nic), "rx_bytes")
				row.Received += counter(spec.Tap(name, nic), "tx_bytes")
				if tap, err := net.InterfaceByName(spec.Tap(name, nic)); err == nil {
					row.Refused += int64(refused[tap.Index])
				}
			}
		}
		if err := send(g.event(one, row)); err != nil {
			return err
		}
	}
	return nil
}

// counter is one of an interface's (Documentation/ABI/testing/sysfs-class-net-statistics).
func counter(link, name string) int64 {
	b, err := os.ReadFile("/sys/class/net/" + link + "/statistics/" + name)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n
}
