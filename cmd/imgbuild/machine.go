package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// machine is the flags of the verbs that start a virtual machine.
type machine struct {
	builder
	starter
	bootChart
	output, accel, firmware, qemu string
	appended                      []string
	// add, where given, completes what is to be started; dir is that of the artifacts.
	add func(o *boot.Options, dir string) error
}

func (m *machine) flags(c *cobra.Command) {
	m.builder.flags(c)
	m.starter.flags(c)
	m.bootChart.flags(m.app, c)
	f := c.Flags()
	f.StringVarP(&m.output, "output", "o", "", "build into `DIR` (default out/NAME)")
	f.StringVar(&m.accel, "accel", "auto", "`KIND` of virtual machine: auto, kvm or tcg; auto tries out whether KVM works")
	f.StringVar(&m.firmware, "firmware", "", "`KIND` of firmware: bios or uefi (default bios, or uefi where the format or Secure Boot needs it)")
	f.StringVar(&m.qemu, "qemu", "", "`PROGRAM` to run as QEMU (default qemu-system-x86_64)")
	f.StringArrayVar(&m.appended, "append", nil, "add `WORD` to the kernel line; may be repeated")
	for name, words := range map[string][]string{"accel": {"auto", "kvm", "tcg"}, "firmware": {"bios", "uefi"}} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	_ = c.MarkFlagDirname("output")
}

// check finds wrong flags before anything is built.
func (m *machine) check() error {
	for _, f := range []struct {
		name, value string
		accepted    []string
	}{{"accel", m.accel, []string{"auto", "kvm", "tcg"}}, {"firmware", m.firmware, []string{"", "bios", "uefi"}}} {
		if !slices.Contains(f.accepted, f.value) {
			return usageError{fmt.Errorf("--%s %q; accepted: %s", f.name, f.value, strings.TrimPrefix(strings.Join(f.accepted, ", "), ", "))}
		}
	}
	return m.starter.check(m.firmware, m.appended)
}

// prepare builds the profile and sets up a machine that boots it.
func (m *machine) prepare(ctx context.Context, p *profile.Profile, test bool) (*boot.Machine, error) {
	e, err := m.env()
	if err != nil {
		return nil, err
	}
	if err := m.want(p); err != nil {
		return nil, err
	}
	dir := outputDir(p, m.output)
	kernel, initrd, _ := build.Artifacts(p, dir)
	o := boot.Options{
		Kernel: kernel, Initrd: initrd, Cmdline: strings.Join(p.Kernel.Cmdline, " "), Run: p.Run,
		Accel: m.accel, Binary: m.qemu, CacheDir: e.Cache.Notes(), Firmware: m.firmware,
		// The disks stay, so that the command that is printed can be repeated.
		Dir:     filepath.Join(dir, "disks"),
		Serials: boot.Serials(consolesOf(p)), Password: p.Access.HostPassword, Test: test, Append: m.appended,
	}
	if err := m.starter.start(&o, p, dir); err != nil {
		return nil, err
	}
	if m.add != nil {
		if err := m.add(&o, dir); err != nil {
			return nil, err
		}
	}
	if err := o.Missing(); err != nil {
		return nil, err
	}
	if _, err := e.Build(ctx, p, dir, m.options(p)); err != nil {
		return nil, err
	}
	step := e.Progress.Step("preparing the virtual machine", 0)
	made, err := boot.Prepare(ctx, o)
	step.Done(err)
	if err == nil {
		m.bootChart.watch(made, string(p.Name))
	}
	return made, err
}

// consolesOf are the terminals that the profile or its checks name.
func consolesOf(p *profile.Profile) []string {
	names := slices.Sorted(maps.Keys(p.Console))
	for _, c := range p.Check {
		names = append(names, c.Console)
	}
	return names
}
