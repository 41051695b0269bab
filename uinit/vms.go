//go:build !novm

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/service"
	"github.com/imgbuild/imgbuild/uinit/unit"
	"github.com/imgbuild/imgbuild/uinit/vm"
)

// guests are the machine's virtual machines: each is supervised like a service, and spoken to by QEMU's
// monitor.
type guests struct {
	w        *worker
	all      map[string]*guest
	prepared chan struct{} // closed by prepare
	host     vm.Host       // complete then
	kvmGroup uint32        // whose /dev/kvm is

	mu sync.Mutex // one guest at a time looks for room
}

type guest struct {
	name     string
	row      spec.VM
	service  *service.Service
	terminal vm.Terminal

	mu  sync.Mutex
	now *vm.Guest // nil while QEMU does not run
}

// starting bounds what somebody at a terminal waits for a guest to start.
const starting = time.Minute

func newGuests(w *worker) *guests {
	g := &guests{w: w, all: map[string]*guest{}, prepared: make(chan struct{})}
	for _, name := range sorted(w.machine.VM) {
		one := &guest{name: name, row: w.machine.VM[name]}
		one.service = service.New("vm:"+name, supervised(one.row), service.Box{
			Start: func(_ string, row spec.Service) (service.Process, error) { return g.start(one, row) },
			Fact: func(fact string, value any) {
				w.board.Fact(strings.TrimPrefix(strings.Replace(fact, "vm:", "vm.", 1), "service."), value)
			},
			Sign:  "QEMU's monitor",
			Ready: func(spec.Ready) bool { return one.running() },
			Tell:  func(trouble error) { w.revise("vm:"+name, trouble) },
			Log:   func(format string, args ...any) { w.log.Warn(fmt.Sprintf(format, args...)) },
		})
		g.all[name] = one
		g.host.Names = append(g.host.Names, name)
	}
	return g
}

// service returns the supervision of a guest; nil where there is none of that name.
func (g *guests) service(name string) *service.Service {
	if one := g.all[name]; one != nil {
		return one.service
	}
	return nil
}

// supervised is a guest as a service.
func supervised(v spec.VM) spec.Service {
	return spec.Service{
		Restart: v.Restart, RestartDelay: v.RestartDelay, RestartLimit: v.RestartLimit,
		StopTimeout: spec.Duration(v.StopTimeout.Or(time.Minute)), Memory: v.MemoryMax, CPU: v.CPU,
	}
}

// prepare finds out how guests can be run, and serves their consoles.
func (g *guests) prepare(context.Context) error {
	defer close(g.prepared)
	g.host.Name = string(g.w.machine.Hostname)
	failed := []error{g.w.modules.Load("tun")}
	if err := g.useKVM(); err != nil {
		g.w.log.Warn(fmt.Sprintf("guests are emulated, which is slow: %v", err))
		g.w.board.Fact("vm.accel", string(spec.VMTCG))
		g.w.board.Fact("vm.accel_reason", err.Error())
	} else {
		g.host.KVM = true
		// Faster, but no reason not to run without.
		g.host.VHost = g.w.modules.Load("vhost_net") == nil
		g.w.board.Fact("vm.accel", string(spec.VMKVM))
	}
	for _, name := range g.host.Names {
		one := g.all[name]
		_, err := one.terminal.Listen(vm.ConsoleSocket(name))
		failed = append(failed, err)
		g.w.board.Fact("vm."+name+".state", string(one.service.State()))
	}
	return errors.Join(failed...)
}

// useKVM loads KVM for this processor and opens it to guests.
func (g *guests) useKVM() error {
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return err
	}
	module, err := vm.KVMModule(string(cpu))
	if err != nil {
		return err
	}
	if err := g.w.modules.Load(module); err != nil {
		return err
	}
	const device = "/dev/kvm"
	if err := vm.TryKVM(device); err != nil {
		return err
	}
	group, err := user.LookupGroup("kvm")
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(group.Gid, 10, 32)
	if err != nil {
		return fmt.Errorf("reading group kvm: %w", err)
	}
	g.kvmGroup = uint32(gid)
	return errors.Join(os.Chown(device, 0, int(gid)), os.Chmod(device, 0o660))
}

// boot starts a guest with the machine.
func (g *guests) boot(ctx context.Context, name string) error {
	if g.w.bare.Load() {
		return fmt.Errorf("left out at the console: %w", unit.ErrSkip)
	}
	return unlessManaged(g.begin(ctx, g.all[name]))
}

// begin starts a guest once its devices are there, if there is room for it.
func (g *guests) begin(ctx context.Context, one *guest) error {
	select {
	case <-g.prepared:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for _, name := range sorted(one.row.Disk) {
		if err := g.await(ctx, one.row.Disk[name]); err != nil {
			return err
		}
	}
	if err := g.room(one); err != nil {
		return err
	}
	return one.service.Again(ctx)
}

// await waits for a disk that is a device, and brings up its volume group.
func (g *guests) await(ctx context.Context, disk spec.VMDisk) error {
	file := disk.File()
	if !strings.HasPrefix(file, "/dev/") {
		return nil
	}
	there := func() bool {
		_, err := os.Stat(file)
		return err == nil
	}
	var failed error
	err := g.w.awaitDisk(ctx, func() (bool, error) {
		if group := disk.VolumeGroup(); group != "" && !there() {
			failed = g.w.activate(ctx, group) // the next disk may be what is missing
		}
		return there(), nil
	})
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", file, errors.Join(err, failed))
	}
	return nil
}

func (g *guests) waiting(name string) string {
	one := g.all[name]
	for _, disk := range sorted(one.row.Disk) {
		if file := one.row.Disk[disk].File(); strings.HasPrefix(file, "/dev/") {
			if _, err := os.Stat(file); err != nil {
				return file
			}
		}
	}
	return one.service.Waiting()
}

// room says whether a guest's memory is there.
func (g *guests) room(one *guest) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	total, available, err := memory()
	if err != nil {
		return fmt.Errorf("looking for memory: %w", err)
	}
	m := vm.Memory{Total: total, Available: available}
	for _, other := range g.all {
		if other != one && other.guest() != nil {
			m.Promised += max(0, int64(other.row.Memory)-other.figure("memory.current"))
		}
	}
	if err := m.Fits(one.row.Memory); err != nil {
		return fmt.Errorf("starting %s: %w", one.name, err)
	}
	return nil
}

// start starts QEMU.
func (g *guests) start(one *guest, row spec.Service) (service.Process, error) {
	if err := g.room(one); err != nil {
		return nil, err
	}
	plan := vm.Make(one.name, one.row, g.host)
	opened, err := vm.Open(plan.Files)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	row.Command = append([]string{vm.Program}, plan.Args...)
	account := &syscall.Credential{Uid: plan.UID, Gid: plan.UID}
	if g.host.KVM {
		account.Groups = []uint32{g.kvmGroup}
	}
	launcher := service.Launcher{
		Environment: []string{"PATH=/usr/bin"}, Output: g.w.say, Cgroup: serviceGroup(), Files: opened.Files, Account: account,
	}
	process, err := launcher.Start("vm:"+one.name, row)
	if err != nil {
		opened.Hangup()
		return nil, err
	}
	now := vm.Meet(opened)
	one.meet(now)
	go one.terminal.Attach(opened.Console)
	go func() {
		if took := now.Await(); took > 0 {
			g.w.board.Fact("vm."+one.name+".started_seconds", report.Seconds(took))
		}
	}()
	return guestProcess{process, now, one}, nil
}

func (one *guest) meet(now *vm.Guest) {
	one.mu.Lock()
	defer one.mu.Unlock()
	one.now = now
}

// guest is the QEMU that runs; nil where none does.
func (one *guest) guest() *vm.Guest {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.now
}

func (one *guest) running() bool {
	now := one.guest()
	return now != nil && now.Running() > 0
}

// figure reads a number of the guest's control group; 0 where there is none.
func (one *guest) figure(file string) int64 {
	b, err := os.ReadFile(filepath.Join(serviceGroup(), "vm:"+one.name, file))
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// guestProcess is QEMU as a service's process: asked to end, it presses the guest's power button.
type guestProcess struct {
	service.Process
	now *vm.Guest
	one *guest
}

func (p guestProcess) Wait() service.Exit {
	exit := p.Process.Wait()
	p.one.meet(nil)
	p.now.Over()
	return exit
}

func (p guestProcess) Signal(s syscall.Signal) error {
	if s == unix.SIGTERM {
		return p.now.PowerDown()
	}
	return p.Process.Signal(s)
}

func (p guestProcess) Kill() {
	p.now.Quit()
	p.Process.Kill()
}

// stopLimit is how long stop may take: guests of one order stop together.
func (g *guests) stopLimit() time.Duration {
	var sum time.Duration
	for _, group := range spec.VMOrder(g.w.machine.VM) {
		var longest time.Duration
		for _, name := range group {
			longest = max(longest, g.w.machine.VM[name].StopTimeout.Or(time.Minute))
		}
		sum += longest + 5*time.Second // to switch off what stays on
	}
	return sum
}

// stop stops all guests, those that started last first.
func (g *guests) stop(ctx context.Context) error {
	var failed []error
	order := spec.VMOrder(g.w.machine.VM)
	for i := len(order) - 1; i >= 0; i-- {
		errs := make([]error, len(order[i]))
		var group sync.WaitGroup
		for n, name := range order[i] {
			group.Go(func() { errs[n] = g.all[name].service.Stop(ctx) })
		}
		group.Wait()
		failed = append(failed, errs...)
	}
	return errors.Join(failed...)
}
