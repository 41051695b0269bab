// Package dev follows the devices that the kernel finds: uevents as they come, and a
// walk over those that were there before (coldplug).
package dev

import (
	"bytes"
	"fmt"
	"strings"
)

// Event is what the kernel says about a device (lib/kobject_uevent.c).
type Event struct {
	// Action is add, remove, change, move, online, offline, bind or unbind.
	Action string
	// Path is the device's directory below /sys.
	Path string
	// Env holds the rest: SUBSYSTEM, MODALIAS, DEVNAME, INTERFACE …
	Env map[string]string
}

// Subsystem is such as "block", "net", "tty"; "" where the kernel gave none.
func (e Event) Subsystem() string { return e.Env["SUBSYSTEM"] }

// ParseEvent reads a datagram of NETLINK_KOBJECT_UEVENT: "ACTION@PATH", then KEY=VALUE,
// each ended by a zero byte.
func ParseEvent(datagram []byte) (Event, error) {
	head, rest, _ := bytes.Cut(datagram, []byte{0})
	action, path, ok := strings.Cut(string(head), "@")
	if !ok || action == "" || !strings.HasPrefix(path, "/") {
		return Event{}, fmt.Errorf("reading a uevent: no ACTION@PATH in %.60q", head)
	}
	e := Event{Action: action, Path: path, Env: map[string]string{}}
	for field := range bytes.SplitSeq(rest, []byte{0}) {
		if name, value, ok := strings.Cut(string(field), "="); ok {
			e.Env[name] = value
		}
	}
	return e, nil
}
