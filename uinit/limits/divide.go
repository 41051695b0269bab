package limits

import (
	"cmp"
	"context"
	"errors"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/meminfo"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/account"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/limits/plan"
	"github.com/imgbuild/imgbuild/uinit/mount"
)

// divide mounts what programs expect, and divides the machine among those who will work on it. Limits that can't be set
// are no reason to do without services and logins.
func (l *limits) divide(context.Context) error {
	shares := cgroup.Share(machineSize())
	if !servesPeople(l.Machine.Now()) { // root may fill what he likes
		shares.Tmp, shares.Shm, shares.SysV, shares.Home = 0, 0, 0, 0
	}
	err := errors.Join(mount.AttachAll(systemMounts(l.Machine.Now(), shares)), mount.Links())
	if failed := l.limitPeople(shares); failed != nil {
		l.Log.Warn(failed.Error())
	}
	return err
}

// systemMounts are mount.System with sizes. What the profile mounts in place of files in memory that all can write to
// has its own size, and comes with its own unit.
func systemMounts(m *spec.Machine, shares cgroup.Shares) []mount.FileSystem {
	return slices.DeleteFunc(mount.System(shares.Tmp, shares.Shm), func(fs mount.FileSystem) bool {
		_, given := m.Mount[fs.Target]
		return given && (fs.Target == "/tmp" || fs.Target == "/dev/shm")
	})
}

// limitPeople makes control groups, those of sessions first: people come without a unit. It sees to
// it that one who fills the memory that others share fills a part of it.
func (l *limits) limitPeople(shares cgroup.Shares) error {
	var err error
	l.Programs.Groups, err = cgroup.Make(cgroup.Mount, shares)
	failed := []error{err}
	for name, user := range l.people() {
		uid, usual := 1, shares.User
		if name == "root" {
			uid, usual = 0, shares.Admin
		}
		_, err := l.Programs.Groups.Add(cgroup.Session(name, uid), usual, cgroup.Limits{Memory: int64(user.Memory), Tasks: user.PIDs})
		failed = append(failed, err)
		// Homes of accounts without a way in are those of services, which have limits of their own.
		home := cmp.Or(user.Home, "/home/"+name)
		if uid != 0 && shares.Home > 0 && mayLogIn(l.Machine.Now(), user) && len(graph.Above(l.Machine.Now(), path.Join(home, "any"))) == 0 {
			failed = append(failed, account.Confine(name, shares.Home))
		}
	}
	// Open files count as memory of those who have them; a number for all lets one take them from the others. System V
	// memory has no mount that could have a size.
	failed = append(failed, l.setKernel("fs/file-max", math.MaxInt64))
	if shares.SysV > 0 {
		failed = append(failed, l.setKernel("kernel/shmall", shares.SysV/int64(os.Getpagesize())))
	}
	go func() {
		err := l.Programs.Groups.Watch(l.Life, 30*time.Second, func(line string) {
			l.Log.Warn(line)
			l.Facts.Fact(plan.Reached.Is(line))
		})
		if err != nil {
			l.Log.Warn(err.Error())
		}
	}()
	return errors.Join(failed...)
}

// setKernel writes a number below /proc/sys, unless the profile has one of its own.
func (l *limits) setKernel(name string, n int64) error {
	for _, key := range []string{name, strings.ReplaceAll(name, "/", ".")} {
		if _, given := l.Machine.Now().Sysctl[key]; given {
			return nil
		}
	}
	return os.WriteFile("/proc/sys/"+name, []byte(strconv.FormatInt(n, 10)), 0)
}

// servesPeople says whether others than root may log in.
func servesPeople(m *spec.Machine) bool {
	for name, user := range m.User {
		if name != "root" && mayLogIn(m, user) {
			return true
		}
	}
	return false
}

// mayLogIn says whether an account has a way in, or the site file may give it one.
func mayLogIn(m *spec.Machine, user spec.User) bool {
	return user.PasswordHash.Given() || len(user.AuthorizedKeys) > 0 || m.Allows(spec.SitePasswordHash, spec.SiteAuthorizedKeys)
}

// people are the machine's accounts, root among them.
func (l *limits) people() map[string]spec.User {
	people := map[string]spec.User{"root": {}}
	for name, user := range l.Machine.Now().User {
		people[name] = user
	}
	return people
}

// machineSize is what there is to share. After a crash of the worker it is the same as before: what lies in memory
// and belongs to work is still there to be removed.
func machineSize() cgroup.Machine {
	_, available, err := meminfo.Memory()
	if err != nil {
		return cgroup.Machine{}
	}
	return cgroup.Machine{
		Memory: available + cgroup.Held(cgroup.Mount),
		Tasks:  min(kernelNumber("pid_max"), kernelNumber("threads-max")),
	}
}

// kernelNumber reads a setting of the kernel (Documentation/admin-guide/sysctl/kernel.rst); 0 where it is not there.
func kernelNumber(name string) int {
	b, err := os.ReadFile("/proc/sys/kernel/" + name)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return n
}
