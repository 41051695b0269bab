// Package publish lets all features know the machine as the kernel line wants it.
package publish

import (
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/netcmdline"
	"github.com/imgbuild/imgbuild/uinit/netcmdline/plan"
)

// Machine makes m the machine that is to be, as the kernel line wants it: the line has the last word on the network, at the
// start and after the box's owner. Nobody sees m without that. What the line wants in vain is told.
func Machine(d *feature.Deps, m spec.Machine) {
	line := d.Machine.Line
	if netcmdline.AsksFirmware(line) {
		if err := d.Kmod.Load("iscsi_ibft"); err != nil {
			d.Log.Warn(fmt.Sprintf("kernel line: ip=ibft: %v", err))
		}
		line = netcmdline.Firmware(line, os.DirFS("/sys"))
	}
	m, problems := netcmdline.Override(m, line)
	d.Machine.Publish(&m)
	words := make([]string, len(problems))
	for i, p := range problems {
		words[i] = p.String()
		d.Log.Warn("kernel line: " + words[i])
	}
	d.Facts.Fact(plan.Problems.Is(words))
}
