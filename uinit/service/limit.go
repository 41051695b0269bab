package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// cpuPeriod is over how many microseconds processor time is shared out; the kernel's own default.
const cpuPeriod = 100_000

// limits are the files of a control group and what to write there (Documentation/admin-guide/cgroup-v2.rst).
func limits(row spec.Service) map[string]string {
	files := map[string]string{}
	if row.Memory > 0 {
		files["memory.max"] = strconv.FormatInt(int64(row.Memory), 10)
		files["memory.oom.group"] = "1" // half a service is worse than none, which is started again
	}
	if row.PIDs > 0 {
		files["pids.max"] = strconv.Itoa(row.PIDs)
	}
	if row.CPU > 0 {
		// The kernel accepts no quota below a millisecond.
		files["cpu.max"] = fmt.Sprintf("%d %d", max(int(row.CPU*cpuPeriod), 1000), cpuPeriod)
	}
	return files
}

// limitGroup sets the limits of a control group.
func limitGroup(dir string, row spec.Service) error {
	files := limits(row)
	var failed []error
	for _, name := range []string{"memory.max", "memory.oom.group", "pids.max", "cpu.max"} {
		if value, ok := files[name]; ok {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0); err != nil {
				failed = append(failed, fmt.Errorf("limiting the service: %w", err))
			}
		}
	}
	return errors.Join(failed...)
}
