// Package console offers a login on terminals: a serial port, a virtual screen,
// a hypervisor's console. A terminal is served by a child process of its own (getty),
// which draws the issue text, asks who is there, and becomes the person's shell.
package console

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// AbsentError says that this box has no such terminal: no device node, a serial port
// whose driver found no hardware behind it, or a screen that nothing shows. It is a fact, not a fault.
type AbsentError struct {
	// Name is the terminal's, without /dev/.
	Name string
}

func (e *AbsentError) Error() string { return fmt.Sprintf("no terminal %s on this machine", e.Name) }

// host is where the kernel's view of the terminals is read; tests put a tree of their own there.
type host struct {
	dev  string // /dev
	sys  string // /sys
	proc string // /proc
}

var thisHost = host{dev: "/dev", sys: "/sys", proc: "/proc"}

// present says whether a terminal has a device node and hardware. The kernel makes
// ttyS0 to ttyS3 whether or not a UART answers; type 0 is PORT_UNKNOWN
// (include/uapi/linux/serial_core.h). It makes hvc0 to hvc7 as well; those without a console behind them
// can't be opened (drivers/tty/hvc/hvc_console.c). A screen needs something that shows it.
func (h host) present(name string) bool {
	if _, err := os.Stat(filepath.Join(h.dev, name)); err != nil {
		return false
	}
	if strings.HasPrefix(name, "hvc") {
		f, err := h.openTerminal(name)
		if absent := (*AbsentError)(nil); errors.As(err, &absent) {
			return false
		}
		if err == nil {
			f.Close()
		}
	}
	if spec.Screen(name) && !h.display() {
		return false
	}
	kind, err := os.ReadFile(filepath.Join(h.sys, "class/tty", name, "type"))
	return err != nil || strings.TrimSpace(string(kind)) != "0"
}

// expand replaces each row whose name is a pattern (path.Match) by rows for the terminals
// that exist and match it. A row that names a terminal wins over a pattern, and of
// two patterns the first by name. A pattern that matches nothing leaves nothing.
func (h host) expand(cs map[string]spec.Console) map[string]spec.Console {
	rows := map[string]spec.Console{}
	var patterns []string
	for name, c := range cs {
		if isPattern(name) {
			patterns = append(patterns, name)
			continue
		}
		rows[name] = c
	}
	explicit := maps.Clone(rows)
	// In reverse order of names, so that the first pattern writes last.
	slices.Sort(patterns)
	for _, pattern := range slices.Backward(patterns) {
		nodes, _ := filepath.Glob(filepath.Join(h.sys, "class/tty", pattern))
		for _, node := range nodes {
			name := filepath.Base(node)
			if _, named := explicit[name]; !named && h.present(name) {
				rows[name] = cs[pattern]
			}
		}
	}
	return rows
}

func isPattern(name string) bool { return strings.ContainsAny(name, "*?[") }
