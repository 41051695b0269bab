package container

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// plenty is what the kernel has of some things for the whole machine, or counts with root's own (kernel/ucount.c), so that one container could
// use up all of it. What each of them takes is memory that counts as the container's, which is limit enough.
const plenty = "1073741824"

// forAll are these.
var forAll = []string{
	"fs/inotify/max_user_instances", "fs/inotify/max_user_watches", "fs/aio-max-nr",
	"user/max_cgroup_namespaces", "user/max_ipc_namespaces", "user/max_mnt_namespaces", "user/max_pid_namespaces", "user/max_time_namespaces", "user/max_uts_namespaces",
}

// settle has plenty of them, where the profile does not say how many.
func (c *containers) settle() error {
	stated := map[string]bool{}
	for key := range c.Machine.Now().Sysctl {
		stated[strings.ReplaceAll(key, ".", "/")] = true
	}
	var failed []error
	for _, key := range forAll {
		if stated[key] {
			continue
		}
		if err := os.WriteFile("/proc/sys/"+key, []byte(plenty), 0); err != nil {
			failed = append(failed, fmt.Errorf("setting %s: %w", key, err))
		}
	}
	return errors.Join(failed...)
}
