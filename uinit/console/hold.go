package console

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/unit"
)

// holdKey stops a boot for whoever presses it while units start.
const holdKey = 'r'

// whatIsHeld says which units must not start while a person holds the boot.
func whatIsHeld(units []unit.Unit) func(name string) bool {
	free := map[string]bool{}
	for _, u := range units {
		free[u.Name] = u.Unheld
	}
	return func(name string) bool { return !free[name] }
}

// Hold listens for the key until the boot is over, and holds the boot for as long as the menu is open.
func (c *consoles) Hold(starting context.Context, units []unit.Unit) <-chan func(name string) bool {
	hold := make(chan func(string) bool)
	names := append(c.host.kernelConsoles(), slices.Collect(maps.Keys(c.served))...)
	go c.offerHold(starting, names, units, hold)
	return hold
}

func (c *consoles) offerHold(starting context.Context, names []string, units []unit.Unit, hold chan<- func(string) bool) {
	slices.Sort(names)
	name := c.key(starting, slices.Compact(names))
	if name == "" {
		return
	}
	// Who has a login prompt already can do all this from a shell.
	leave, free := c.terminals.try(name)
	if !free {
		return
	}
	defer leave()
	set := func(held func(string) bool) {
		select {
		case hold <- held:
		case <-starting.Done():
		}
	}
	set(whatIsHeld(units))
	c.Log.Warn("boot held by a key on " + name)
	choice := c.menu(name, c.host.expand(c.Machine.Now().Console)[name], c.waiting)
	c.Programs.None.Store(choice == NoServices)
	c.Log.Warn("boot goes on" + map[bool]string{true: " without services"}[c.Programs.None.Load()])
	set(nil)
}

// waiting lists the units that the boot still waits for, and what each waits for.
func (c *consoles) waiting() (lines []string) {
	for _, e := range c.Facts.Now() {
		if e.State != string(unit.Running) && e.State != string(unit.Late) {
			continue
		}
		line := e.Name + " " + e.State
		if text, waits := strings.CutPrefix(e.Message, "waiting: "); waits {
			line += ": " + text
		}
		lines = append(lines, line)
	}
	if lines == nil {
		return []string{"nothing: all that was started is done"}
	}
	return lines
}
