package container

import (
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/bundle"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/terminal"
)

// container is one of the machine's.
type container struct {
	name     string
	cfg      spec.Container
	image    spec.Image
	imageErr error
	dir      string // what belongs to it while it runs
	number   int    // among the machine's
	service  *supervise.Service
	terminal terminal.Terminal
	resolver sync.Mutex                  // for its resolv.conf
	mounting atomic.Pointer[mount.Mount] // its disk, while that is waited for

	mu       sync.Mutex
	startErr error       // what keeps it from being started, or kept it last time
	pid      int         // its first process
	first    *os.Process // that, whoever may have its number once it has ended
	since    time.Time
	// addresses of its interfaces, by their names
	addresses map[string][]netip.Prefix
}

// supervised is a container as a service. Zeros of its row are its own, and no gaps to be filled.
func supervised(c spec.Container) spec.Service {
	var cfg spec.Service
	defaults.Fill(&cfg)
	cfg.Restart, cfg.RestartDelay, cfg.RestartMax = c.Restart, c.RestartDelay, c.RestartMax
	cfg.RestartLimit, cfg.RestartWindow, cfg.StopTimeout, cfg.Ready = c.RestartLimit, c.RestartWindow, c.StopTimeout, c.Ready
	cfg.Unconfined = true // crun is; what it starts is not
	return cfg
}

// group is the path of its control group: its limits are there, crun in one below it, and what the container does in another, which is
// its own to divide.
func group(name string) string { return cgroup.Work("containers", name) }

// bundle is what crun is told.
func (one *container) bundle() bundle.Container {
	return bundle.Container{Name: one.name, Row: one.cfg, Image: one.image, Dir: one.dir, Adjustment: oom.Usual}
}

// now is its first process, and since when that runs; zeros where none does.
func (one *container) now() (pid int, since time.Time) {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.pid, one.since
}

// setNow notes that a first process runs; 0: it has ended.
func (one *container) setNow(pid int, since time.Time) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.first != nil {
		_ = one.first.Release()
		one.first = nil
	}
	if pid != 0 {
		one.first, _ = os.FindProcess(pid)
	}
	one.pid, one.since = pid, since
}

// signal sends the first process a signal, and says whether there is one.
func (one *container) signal(s os.Signal) (sent bool, err error) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.first == nil {
		return false, nil
	}
	return true, one.first.Signal(s)
}

// settled is how long a program must live to count as started, where its row gives no sign.
const settled = time.Second

// ready says whether it shows the sign.
func (one *container) ready(r spec.Ready) bool {
	pid, since := one.now()
	switch {
	case pid == 0:
		return false
	case r.Port != 0:
		return supervise.Listens("/proc/"+strconv.Itoa(pid)+"/net", r.Port)
	case r.File != "":
		return one.has(pid, r.File)
	}
	return time.Since(since) >= settled
}

// has says whether there is a file in its root. Links lead where they lead in there (openat2(2), RESOLVE_IN_ROOT).
func (one *container) has(pid int, file string) bool {
	root, err := os.OpenFile("/proc/"+strconv.Itoa(pid)+"/root", unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return false
	}
	defer root.Close()
	fd, err := unix.Openat2(int(root.Fd()), file, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS})
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// setStartErr notes what keeps it from being started; nil: nothing.
func (one *container) setStartErr(err error) {
	one.mu.Lock()
	defer one.mu.Unlock()
	one.startErr = err
}

func (one *container) trouble() error {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.startErr
}
