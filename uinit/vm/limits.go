package vm

import (
	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/vm/qemu"
)

// threads is what QEMU may have besides one for each processor: 64 that work on disks, and a few. It may start no
// processes at all (-sandbox).
const threads = 128

// supervised is a guest as a service. Zeros of the guest's row are its own, and no gaps to be filled.
func supervised(v spec.VM) spec.Service {
	var cfg spec.Service
	defaults.Fill(&cfg)
	cfg.Restart, cfg.RestartDelay, cfg.RestartLimit, cfg.StopTimeout = v.Restart, v.RestartDelay, v.RestartLimit, v.StopTimeout
	return cfg
}

// usualLimits are the limits of a guest's QEMU whose row gives none, givenLimits those that it gives.
func usualLimits(v spec.VM) cgroup.Limits {
	return cgroup.Limits{Memory: int64(qemu.Most(v.Memory)), Whole: true, Tasks: threads + v.VCPUs}
}

func givenLimits(v spec.VM) cgroup.Limits {
	return cgroup.Limits{Memory: int64(v.MemoryMax), CPU: v.CPU}
}
