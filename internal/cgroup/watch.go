package cgroup

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Watch tells of groups that reach a limit, as Usage.Since puts it, until ctx ends: at once the first time and then
// each group once in an interval, for a fork bomb reaches its limit a thousand times a second.
func (t Tree) Watch(ctx context.Context, interval time.Duration, tell func(string)) error {
	if t.dir == "" {
		return nil
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return fmt.Errorf("watching control groups: %w", err)
	}
	w := &watcher{tree: t, interval: interval, tell: tell, events: os.NewFile(uintptr(fd), "inotify"), fd: fd,
		parents: map[int32]string{}, files: map[int32]string{}, told: map[string]Usage{}, next: map[string]time.Time{}, due: map[string]bool{}}
	defer w.events.Close()
	defer context.AfterFunc(ctx, func() { w.events.Close() })()
	for _, parent := range []string{admin, work} {
		if err := w.parent(parent, false); err != nil {
			return fmt.Errorf("watching control groups: %w", err)
		}
	}
	buf := make([]byte, 16<<10)
	for ctx.Err() == nil {
		_ = w.events.SetReadDeadline(w.say(time.Now()))
		n, err := w.events.Read(buf)
		if err != nil && !os.IsTimeout(err) {
			return nil
		}
		w.take(buf[:max(n, 0)])
	}
	return nil
}

type watcher struct {
	tree     Tree
	interval time.Duration
	tell     func(string)
	events   *os.File
	fd       int

	parents, files map[int32]string // by the number of the watch: the group
	told           map[string]Usage // by group: what is known
	next           map[string]time.Time
	due            map[string]bool // groups in which something has happened
}

// parent watches for groups that are made, and those that are there; fresh says that these have no history either.
func (w *watcher) parent(group string, fresh bool) error {
	dir := filepath.Join(w.tree.dir, group)
	number, err := unix.InotifyAddWatch(w.fd, dir, unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_ONLYDIR)
	if err != nil {
		return err
	}
	w.parents[int32(number)] = group
	for _, one := range w.tree.in(group) {
		w.made(group, one, fresh)
	}
	return nil
}

// made takes in a group in a parent: in work, a parent itself.
func (w *watcher) made(parent, group string, fresh bool) {
	switch {
	case parent == work:
		_ = w.parent(group, fresh) // one that is gone again has nothing to tell
	case fresh:
		w.group(group, Usage{})
	default:
		w.group(group, w.tree.usage(group))
	}
}

// group watches the counters of a group; the kernel announces each change of these files. What happened before the
// watch is history, but not for a group that was made just now.
func (w *watcher) group(group string, before Usage) {
	if _, known := w.told[group]; known {
		return
	}
	w.told[group], w.due[group] = before, true
	for _, name := range []string{"memory.events", "pids.events"} {
		if number, err := unix.InotifyAddWatch(w.fd, filepath.Join(w.tree.dir, group, name), unix.IN_MODIFY); err == nil {
			w.files[int32(number)] = group
		}
	}
}

// take reads events as inotify(7) lays them out.
func (w *watcher) take(b []byte) {
	for len(b) >= unix.SizeofInotifyEvent {
		number, mask := int32(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint32(b[4:])
		end := min(unix.SizeofInotifyEvent+int(binary.NativeEndian.Uint32(b[12:])), len(b))
		name, _, _ := bytes.Cut(b[unix.SizeofInotifyEvent:end], []byte{0})
		b = b[end:]
		switch parent, made := w.parents[number]; {
		case mask&unix.IN_Q_OVERFLOW != 0:
			for group := range w.told {
				w.due[group] = true
			}
		case made && mask&unix.IN_ISDIR != 0:
			w.made(parent, path.Join(parent, string(name)), true)
		case w.files[number] != "":
			w.due[w.files[number]] = true
		}
	}
}

// say tells what may be told by now, and returns when the next may be; the zero time where nothing waits.
func (w *watcher) say(now time.Time) (later time.Time) {
	for group := range w.due {
		if at := w.next[group]; now.Before(at) {
			if later.IsZero() || at.Before(later) {
				later = at
			}
			continue
		}
		delete(w.due, group)
		usage := w.tree.usage(group)
		if line := usage.Since(w.told[group]); line != "" {
			w.tell(line)
			w.told[group], w.next[group] = usage, now.Add(w.interval)
		}
	}
	return later
}
