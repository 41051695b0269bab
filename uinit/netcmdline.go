package main

import (
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/uinit/netcmdline"
)

// override lets the kernel line have the last word on the network.
func (w *worker) override() {
	line := w.Machine.Line
	if netcmdline.AsksFirmware(line) {
		if err := w.Kmod.Load("iscsi_ibft"); err != nil {
			w.Log.Warn(fmt.Sprintf("kernel line: ip=ibft: %v", err))
		}
		line = netcmdline.Firmware(line, os.DirFS("/sys"))
	}
	m, problems := netcmdline.Override(*w.Machine.Now(), line)
	w.Machine.Publish(&m)
	words := make([]string, len(problems))
	for i, p := range problems {
		words[i] = p.String()
		w.Log.Warn("kernel line: " + words[i])
	}
	w.Facts.Fact("netcmdline.problems", words)
}
