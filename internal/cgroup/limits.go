package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Limits are those of a control group; what is 0 is not limited.
type Limits struct {
	// Memory in bytes, page cache and files in memory too. The former goes first when it is short; when nothing
	// can go any more, a process does.
	Memory int64
	// Whole says that all processes go then, not the largest alone.
	Whole bool
	// NoSwap keeps it from being paged out.
	NoSwap bool
	// Tasks is how many processes and threads.
	Tasks int
	// Groups is how many control groups may be made in it by whoever has a part of it for himself: the kernel has 65535 for all
	// (MEM_CGROUP_ID_MAX in linux/memcontrol.h).
	Groups int
	// CPU is processor time as a share: 0.5 is half of one processor, 2 is two of them.
	CPU float64
	// Weight is how much of a processor it gets where others want it too, from 1 to 10000; 0 stands for 100.
	Weight int
}

// cpuPeriod is over how many microseconds processor time is shared out; the kernel's own default.
const cpuPeriod = 100_000

// file is a file of a control group and what to write there (Documentation/admin-guide/cgroup-v2.rst).
type file struct{ name, value string }

func (l Limits) files() []file {
	var files []file
	number := func(name string, n int64) {
		if n > 0 {
			files = append(files, file{name, strconv.FormatInt(n, 10)})
		}
	}
	number("memory.max", l.Memory)
	if l.Memory > 0 && l.Whole {
		number("memory.oom.group", 1)
	}
	if l.NoSwap {
		files = append(files, file{"memory.swap.max", "0"})
	}
	number("pids.max", int64(l.Tasks))
	number("cgroup.max.descendants", int64(l.Groups))
	if l.CPU > 0 {
		// The kernel accepts no quota below a millisecond.
		files = append(files, file{"cpu.max", fmt.Sprintf("%d %d", max(int(l.CPU*cpuPeriod), 1000), cpuPeriod)})
	}
	number("cpu.weight", int64(l.Weight))
	return files
}

// set writes limits into a group's directory. Each that is refused is named, and of those that the kernel does not know
// the ones that must hold.
func (l Limits) set(dir string, must func(file) bool) error {
	var failed []error
	for _, f := range l.files() {
		err := os.WriteFile(filepath.Join(dir, f.name), []byte(f.value), 0)
		if err != nil && (must(f) || !errors.Is(err, os.ErrNotExist)) {
			failed = append(failed, fmt.Errorf("limiting: %w", err))
		}
	}
	return errors.Join(failed...)
}

// ValidCPU says whether a share of processors is one that a row may have; 0 is no limit. The kernel gives no less than a millisecond in
// each period (min_cfs_quota_period in kernel/sched/core.c).
func ValidCPU(share float64) bool { return share == 0 || share >= 0.01 && share <= 1024 } // NaN is neither
