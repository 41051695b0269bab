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
	own := []string{RescueParam, cmdline.Debug, cmdline.Panic, report.ParamReport, report.ParamTest, cmdline.TestPanic}
	for i, word := range c.p.Kernel.Cmdline {
		for _, p := range cmdline.Parse(word) {
			switch key := joinIndex("kernel.cmdline", i); {
			case strings.HasPrefix(p.Name, "uinit.") && !slices.Contains(own, p.Name):
				c.Bad(key, "%q is no word of uinit's%s; accepted: %s", p.Name, suggest.DidYouMean(p.Name, own), strings.Join(own, ", "))
			case p.Name == cmdline.Panic && !slices.Contains(cmdline.Panics, p.Value):
				c.Bad(key, "%s=%s is not what can follow a fault%s; accepted: %s", p.Name, p.Value, suggest.DidYouMean(p.Value, cmdline.Panics), strings.Join(cmdline.Panics, ", "))
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
