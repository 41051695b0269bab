package console

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// quietLevel is what the kernel still writes to its consoles once a person is asked who is there: errors, and what is worse
// (console_loglevel, Documentation/admin-guide/sysctl/kernel.rst: what has a smaller number; KERN_ERR is 3). A crash raises it by
// itself (console_verbose, include/linux/printk.h).
const quietLevel = "4"

// quiet leaves the terminals to people: what the kernel and services say goes to the log from now on, so that a prompt stays the
// last line. What it returns gives them back. Where somebody chose a level, on the kernel line, by [sysctl] or by hand, that stays;
// so does it where a row gives a terminal to the kernel alone.
func (h host) quiet(line cmdline.Line, rows map[string]spec.Console) (loud func()) {
	for _, row := range rows {
		if row.Login == spec.LoginOff {
			return func() {}
		}
	}
	path := filepath.Join(h.proc, "sys/kernel/printk")
	b, _ := os.ReadFile(path)
	// The level now, of messages without one, the least, and the one that the kernel begins with.
	levels := strings.Fields(string(b))
	if len(levels) == 4 && levels[0] == levels[3] && levels[0] > quietLevel && !line.Has("loglevel") {
		_ = os.WriteFile(path, []byte(quietLevel+"\n"), 0)
		return func() { _ = os.WriteFile(path, []byte(levels[0]+"\n"), 0) }
	}
	return func() {}
}

// Leaving gives the terminals back for the way down, of which a person wants to see each step from the first. No login makes them
// quiet any more.
func (c *consoles) Leaving() {
	c.quiet.Do(func() {})
	if c.loud != nil {
		c.loud()
	}
}
