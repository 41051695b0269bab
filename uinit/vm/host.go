package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/vm/plan"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
)

// prepare finds out how guests can be run, and serves their consoles.
func (g *guests) prepare(context.Context) error {
	defer close(g.prepared)
	g.host.Name = string(g.Machine.Now().Hostname)
	failed := []error{g.Kmod.Load("tun")}
	if plan.Gated(g.Machine.Now().VM) {
		for _, name := range plan.GateModules {
			failed = append(failed, g.Kmod.Load(name))
		}
	}
	if err := g.useKVM(); err != nil {
		g.Log.Warn(fmt.Sprintf("guests are emulated, which is slow: %v", err))
		g.Facts.Fact(plan.Accel.Is(string(spec.VMTCG)))
		g.Facts.Fact(plan.AccelReason.Is(err.Error()))
	} else {
		g.host.KVM = true
		// Faster, but no reason not to run without.
		g.host.VHost = g.Kmod.Load("vhost_net") == nil
		g.Facts.Fact(plan.Accel.Is(string(spec.VMKVM)))
	}
	for _, name := range g.host.Names {
		one := g.all[name]
		_, err := one.terminal.Listen(qemu.ConsoleSocket(name))
		failed = append(failed, err)
		g.Facts.Fact(plan.State.Of(name).Is(string(one.service.State())))
	}
	return errors.Join(failed...)
}

// useKVM loads KVM for this processor and opens it to guests.
func (g *guests) useKVM() error {
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return err
	}
	module, err := qemu.KVMModule(string(cpu))
	if err != nil {
		return err
	}
	if err := g.Kmod.Load(module); err != nil {
		return err
	}
	const device = "/dev/kvm"
	if err := qemu.TryKVM(device); err != nil {
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
