package profile

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/netcmdline"
)

// ownWords finds words of the kernel line that the init would pass over though they are meant for it.
func (c *crosser) ownWords() {
	own := []string{RescueParam, cmdline.Debug, cmdline.Keymap, cmdline.Panic, report.ParamReport, report.ParamTest, cmdline.TestPanic}
	for i, word := range c.p.Kernel.Cmdline {
		for _, p := range cmdline.Parse(word) {
			switch key := joinIndex("kernel.cmdline", i); {
			case strings.HasPrefix(p.Name, "uinit.") && !slices.Contains(own, p.Name):
				c.Bad(key, "%q is no word of uinit's%s; accepted: %s", p.Name, suggest.DidYouMean(p.Name, own), strings.Join(own, ", "))
			case p.Name == cmdline.Keymap && !c.p.HasKeymap(spec.Keymap(p.Value)):
				c.Of("keymap").Bad(key, "the image has no keyboard map %q; accepted: keymap = %[1]q", p.Value)
			case p.Name == cmdline.Panic && !slices.Contains(cmdline.Panics, p.Value):
				c.Bad(key, "%s=%s is not what can follow a fault%s; accepted: %s", p.Name, p.Value, suggest.DidYouMean(p.Value, cmdline.Panics), strings.Join(cmdline.Panics, ", "))
			}
		}
	}
}

// otherWords finds words that take the init, its modules or IPv6 away, or that speak of a root file system, which there is none of.
func (c *crosser) otherWords() {
	for i, word := range c.p.Kernel.Cmdline {
		for _, p := range cmdline.Parse(word) {
			switch key := joinIndex("kernel.cmdline", i); {
			case p.Name == "rdinit":
				c.Bad(key, "starts %s in place of uinit, which does all that this profile says; accepted: without it", p.Value)
			case p.Name == "nomodule":
				c.Bad(key, "lets the kernel load no modules, and so find no disk and no network; accepted: without it")
			case p.Name == "init" || p.Name == "root":
				c.Warn(key, "is for a root file system, and there is none beside the initramfs; accepted: without it")
			case slices.Contains([]string{RescueParam, "single", "S", "1"}, word):
				c.Warn(key, "gives a rescue shell at each boot, and nothing of this profile is started; accepted: typed where it is wanted")
			case p.Name == "ipv6.disable" && p.Value == "1":
				c.noIPv6(key)
			}
		}
	}
}

// noIPv6 holds a kernel without IPv6 to a machine that has addresses of it.
func (c *crosser) noIPv6(key string) {
	for name, l := range c.p.Links() {
		for i, a := range l.Addresses {
			if a.Addr().Is6() {
				at := joinIndex(joinKey(l.Kind, name)+".addresses", i)
				c.Of(key).Bad(at, "%s is one of IPv6, and ipv6.disable=1 in kernel.cmdline takes that from the kernel; accepted: one or the other", a)
			}
		}
	}
}

// networkWords finds words of the kernel line that the init could not follow (docs/cmdline.md).
func (c *crosser) networkWords() {
	line := cmdline.Parse(strings.Join(c.p.Kernel.Cmdline, " "))
	if netcmdline.AsksFirmware(line) { // which says then what the network is
		return
	}
	_, problems := netcmdline.Override(c.p.Machine, line)
	for _, p := range problems {
		i := slices.IndexFunc(c.p.Kernel.Cmdline, func(word string) bool {
			return slices.ContainsFunc(cmdline.Parse(word), func(have cmdline.Param) bool { return have.Name+"="+have.Value == p.Word })
		})
		if i < 0 {
			continue
		}
		c.Rows(spec.LinkTables...).Bad(joinIndex("kernel.cmdline", i), "the network cannot be what %s asks for: %s; docs/cmdline.md has what is accepted", p.Word, p.Why)
	}
}
