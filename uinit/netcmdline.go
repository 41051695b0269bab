package main

import (
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/uinit/netcmdline"
)

// override lets the kernel line have the last word on the network.
func (w *worker) override() {
	line := w.line
	if netcmdline.AsksFirmware(line) {
		if err := w.modules.Load("iscsi_ibft"); err != nil {
			w.log.Warn(fmt.Sprintf("kernel line: ip=ibft: %v", err))
		}
		line = netcmdline.Firmware(line, os.DirFS("/sys"))
	}
	m, problems := netcmdline.Override(*w.machine, line)
	*w.machine = m
	words := make([]string, len(problems))
	for i, p := range problems {
		words[i] = p.String()
		w.log.Warn("kernel line: " + words[i])
	}
	w.board.Fact("netcmdline.problems", words)
}
