package main

import (
	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// serviceGroup is the control group of a service and how soon the OOM killer takes it.
func (w *worker) serviceGroup(name string, row spec.Service) (dir string, adjustment int) {
	path, usual, adjustment := cgroup.Service(name), w.Programs.Groups.Shares.Service, oom.Usual
	if name == spec.SSHService {
		path, usual, adjustment = cgroup.SSH(), w.Programs.Groups.Shares.SSH, oom.Door
	}
	return w.Programs.Group(name, path, usual, cgroup.Limits{Memory: int64(row.Memory), Tasks: row.PIDs, CPU: row.CPU}), adjustment
}
