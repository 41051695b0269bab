package array

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/dev"
)

// latecomers are disks that come when nobody waits for them any more.
type latecomers struct {
	// look asks for a look; one that is asked for already is enough.
	look chan struct{}
	// came are devices that came up and were not judged so far, by name; lost says that the kernel's word of some was lost. Both
	// are of the one goroutine that looks.
	came map[string]bool
	lost bool
	// failed is what mdadm said of those who were to join, by name.
	failed map[string]string
	// considered are members of which it was decided when their array started, by name: the number that the kernel gave their
	// medium. It is shared, as why is.
	considered map[string]string
	// why says of each member that no array uses why that is so; by name.
	why map[string]stray
}

// Disks that came, and those whom an array left that has just been started, are looked at once there has been no more news for as long
// as settle, and no later than longest: many come and start together, and the looks would take time from them.
const (
	settle  = time.Second
	longest = 10 * time.Second
)

// news waits for news, and then for what comes with it; it says whether there is to be a look.
func (l *latecomers) news(ctx context.Context, events <-chan dev.Event) bool {
	var settled <-chan time.Time
	var latest time.Time
	for {
		select {
		case <-ctx.Done():
			return false
		case <-settled:
			return true
		case <-l.look:
		case e := <-events:
			if !l.note(e) {
				continue
			}
		}
		if settled == nil {
			latest = time.Now().Add(longest)
		}
		settled = time.After(min(settle, time.Until(latest)))
	}
}

// note keeps what came, and says whether there may be news.
func (l *latecomers) note(e dev.Event) bool {
	name := path.Base(e.Path)
	switch {
	case e.Action == dev.Overflow:
		l.lost = true
		return true
	case e.Subsystem() != "block" || strings.HasPrefix(name, "md"):
		return false
	case e.Action == "add":
		l.came[name] = true
		delete(l.failed, name)
	}
	return e.Action == "add" || e.Action == "remove"
}

// forget drops what is known of devices that were judged, that are gone or that are no members. Those of an array that does not run
// may be late for it yet.
func (l *latecomers) forget(have md.State, judged map[string]bool) {
	for name := range l.came {
		waits := slices.ContainsFunc(have.Members, func(m md.Member) bool { return m.Device == name })
		if judged[name] || !waits && have.Unreadable[name] == nil {
			delete(l.came, name)
		}
	}
}
