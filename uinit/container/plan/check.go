package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

const (
	// longestName is that of a container: it is a host name, too (HOST_NAME_MAX in linux/limits.h), and part of the paths of sockets.
	longestName = 40
	// leastMemory is less than any program starts with.
	leastMemory = 1 << 20
	// mostTasks is the kernel's (PID_MAX_LIMIT in linux/threads.h).
	mostTasks = 4 << 20
)

type checker struct {
	problem.Judge
	m *spec.Machine
}

// check looks at containers, each for itself, then at what they have in common.
func check(j problem.Judge, m *spec.Machine) {
	c := checker{j, m}
	needs := map[string][]string{}
	for _, name := range graph.Names(m.Container) {
		row, key := m.Container[name], problem.JoinKey("container", name)
		if !isName(name) {
			c.Sure().Bad(key, "is not a container's name; accepted: up to %d lower-case letters, digits, - and _, starting with a letter", longestName)
		}
		c.program(key, row)
		c.rights(key, row)
		c.limits(key, row)
		c.supervision(key, row)
		c.root(key, row)
		c.places(key, row)
		needs[name] = Others(row)
	}
	for _, circle := range graph.Circles(needs) {
		var keys []string
		for _, name := range circle {
			keys = append(keys, problem.JoinKey("container", name)+".needs")
		}
		c.Of(keys...).Bad(keys[0], "containers need each other in a circle: %s", strings.Join(append(circle, circle[0]), " → "))
	}
	network(j, m)
}

// isName says whether a name may become part of those of directories, control groups and host names.
func isName(name string) bool {
	return name != "" && len(name) <= longestName && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == "" && name[0] >= 'a' && name[0] <= 'z'
}

// isPath says whether a text is an absolute path that says where it leads.
func isPath(text string) bool {
	return path.IsAbs(text) && path.Clean(text) == text && !strings.ContainsAny(text, "\n\x00")
}

func (c checker) program(key string, row spec.Container) {
	if row.Directory != "" && !isPath(row.Directory) {
		c.Bad(key+".directory", "%q is not an absolute path without . or ..", row.Directory)
	}
	if len(row.Command) > 0 && row.Command[0] == "" {
		c.Bad(problem.JoinIndex(key+".command", 0), "is empty, and names no program; accepted: a program's name or path, and its arguments behind it")
	}
	for _, variable := range graph.Names(row.Environment) {
		if variable == "" || strings.ContainsAny(variable, "= \t") {
			c.Sure().Bad(problem.JoinKey(key+".environment", variable), `is not a variable's name; accepted: such as LANG, without "=" and blanks`)
		}
	}
	for i, device := range row.Devices {
		if !isPath(device) || !strings.HasPrefix(device, "/dev/") {
			c.Bad(problem.JoinIndex(key+".devices", i), "%q is no device; accepted: such as /dev/ttyUSB0, /dev/net/tun", device)
		}
	}
}

// rights finds what gives a container more than it seems to.
func (c checker) rights(key string, row spec.Container) {
	if row.System && (!row.Has(spec.ContainerPID) || !row.Has(spec.ContainerCgroup)) {
		c.Of(key+".system").Bad(key+".namespaces", "lacks pid or cgroup, and an init needs both for itself; accepted: with both, or system = false")
	}
	if !row.Has(spec.ContainerUser) && (row.System || len(row.Capabilities) > 0 || slices.Contains(row.SystemCalls, spec.CallsKnown)) {
		c.Of(key+".system", key+".capabilities", key+".system_calls").Warn(key+".namespaces", "lacks user: what rights the container has it has over this machine, and they suffice to leave it; accepted: with user")
	}
	if i := slices.Index(row.SystemCalls, spec.CallsKnown); i >= 0 && len(row.SystemCalls) > 1 {
		c.Warn(problem.JoinIndex(key+".system_calls", i), "has all groups in it; accepted: by itself")
	}
}

func (c checker) limits(key string, row spec.Container) {
	if row.Memory != 0 && row.Memory < leastMemory {
		c.Bad(key+".memory", "is %s, and its program would be ended as it starts; accepted: 1M and up", row.Memory)
	}
	if least := c.m.Boot.MemoryMin; least > 0 && row.Memory > least {
		c.Of("boot.memory_min").Bad(key+".memory", "is %s, more than the least machine has that this is made for (boot.memory_min), %s; accepted: up to that, or a larger boot.memory_min", row.Memory, least)
	}
	if row.PIDs > mostTasks {
		c.Bad(key+".pids", "is more than the kernel can have; accepted: up to %d", mostTasks)
	}
	if !cgroup.ValidCPU(row.CPU) {
		c.Bad(key+".cpu", "accepted: a share of processors, 0.01 to 1024, such as 0.5")
	}
}

// supervision checks how a container is kept running, by the rules of services.
func (c checker) supervision(key string, row spec.Container) {
	if row.RestartLimit < 0 {
		c.Bad(key+".restart_limit", "accepted: a number of restarts, or 0 for no limit")
	}
	if row.RestartDelay > row.RestartMax {
		c.Of(key+".restart_max").Bad(key+".restart_delay", "is %s, longer than restart_max, %s; accepted: up to that, or a longer restart_max", row.RestartDelay, row.RestartMax)
	}
	switch {
	case row.Restart == spec.RestartNever:
		c.Of(key+".restart").Vain(key, []string{"restart_delay", "restart_max", "restart_limit", "restart_window"}, `is for a container that is started again, and restart = "never"; accepted: "on-failure" or "always" there, or leave the key out`)
	case row.RestartLimit == 0:
		c.Of(key+".restart_limit").Vain(key, []string{"restart_window"}, "is the time in which restarts count, and without restart_limit nobody counts them; accepted: with restart_limit")
	}
	r, signs := row.Ready, 0
	for _, given := range []bool{r.Port != 0, r.File != "", r.Exit} {
		if given {
			signs++
		}
	}
	switch {
	case signs > 1:
		c.Bad(key+".ready", "has more than one sign; accepted: one of port, file, exit")
	case signs == 0:
		c.Of(key+".ready").Vain(key+".ready", []string{"timeout"}, "is for a sign, and there is none; accepted: with one of port, file, exit")
	case r.File != "" && !isPath(r.File):
		c.Bad(key+".ready.file", "accepted: the absolute path of a file in the container, without . or ..")
	case r.Exit && (row.Restart == spec.RestartAlways || row.System):
		c.Of(key+".ready", key+".system").Bad(key+".restart", `a container that is ready when it ends is not started again, and no system; accepted: "on-failure", "never"`)
	}
}
