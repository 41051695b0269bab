package main

import (
	"github.com/imgbuild/imgbuild/uinit/netline"
)

// override lets the kernel line have the last word on the network.
func (w *worker) override() {
	m, problems := netline.Override(*w.machine, w.line)
	*w.machine = m
	words := make([]string, len(problems))
	for i, p := range problems {
		words[i] = p.String()
		w.log.Warn("kernel line: " + words[i])
	}
	w.board.Fact("netline.problems", words)
}
