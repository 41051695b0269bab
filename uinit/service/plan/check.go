package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// longestName is that of a service: its control group is called by it, and a directory's name has up to 255 bytes (NAME_MAX in
// linux/limits.h), some of which are uinit's.
const longestName = 200

type checker struct {
	problem.Judge
	m *spec.Machine
}

// check looks at the services of the profile, each for itself, and at circles among them.
func check(j problem.Judge, m *spec.Machine) {
	c, signs := checker{j, m}, map[string]string{}
	for _, name := range graph.Names(m.Service) {
		s, key := m.Service[name], problem.JoinKey("service", name)
		if strings.ContainsAny(name, "/: \n") || name == "" || len(name) > longestName {
			c.Sure().Bad(key, "is not a service's name; accepted: no blanks, / or :, and up to %d bytes", longestName)
		}
		if len(s.Command) == 0 || !path.IsAbs(s.Command[0]) {
			c.Bad(key+".command", `accepted: the program's absolute path and its arguments, such as ["/usr/sbin/thing", "-f"]`)
		}
		if _, known := m.User[s.User]; !known && s.User != "root" {
			c.Ref(s.User, "user").Bad(key+".user", "there is no [%s]%s", problem.JoinKey("user", s.User), suggest.DidYouMean(s.User, graph.Names(m.User)))
		}
		for _, variable := range graph.Names(s.Environment) {
			at := problem.JoinKey(key+".environment", variable)
			if variable == "" || strings.ContainsAny(variable, "= \t") {
				c.Sure().Bad(at, `is not a variable's name; accepted: such as LANG, without "=" and blanks`)
			}
			if strings.Contains(s.Environment[variable], "$"+variable) || strings.Contains(s.Environment[variable], "${"+variable) {
				c.Warn(at, "names itself, and nothing puts a value in its place: there is no shell; accepted: the whole value")
			}
		}
		c.shell(key, s.Command)
		c.supervision(key, s)
		c.limits(key, s)
		if file := s.Ready.File; file != "" {
			if other, dup := signs[file]; dup {
				c.Of(problem.JoinKey("service", other)+".ready").Bad(key+".ready.file", "%s is the sign of service.%s, which would make both look ready; accepted: a file of its own", file, other)
			}
			signs[file] = name
		}
	}
	for _, circle := range graph.Circles(among(m.Service)) {
		var needs []string
		for _, name := range circle {
			needs = append(needs, problem.JoinKey("service", name)+".needs")
		}
		c.Of(needs...).Bad(needs[0], "services need each other in a circle: %s", strings.Join(append(circle, circle[0]), " → "))
	}
}

// among are the services that a service needs, of those that there are.
func among(services map[string]spec.Service) map[string][]string {
	needs := map[string][]string{}
	for name, s := range services {
		for _, need := range s.Needs {
			if other, ok := strings.CutPrefix(need, "service:"); ok {
				needs[name] = append(needs[name], other)
			}
		}
	}
	return needs
}

// supervision checks what a service is held to while it runs.
func (c checker) supervision(key string, s spec.Service) {
	if s.RestartLimit < 0 {
		c.Bad(key+".restart_limit", "accepted: a number of restarts, or 0 for no limit")
	}
	if !cgroup.ValidCPU(s.CPU) {
		c.Bad(key+".cpu", "accepted: a share of processors, 0.01 to 1024, such as 0.5")
	}
	if s.RestartDelay > s.RestartMax {
		c.Of(key+".restart_max").Bad(key+".restart_delay", "is %s, longer than restart_max, %s; accepted: up to that, or a longer restart_max", s.RestartDelay, s.RestartMax)
	}
	switch {
	case s.Restart == spec.RestartNever:
		c.Of(key+".restart").Vain(key, []string{"restart_delay", "restart_max", "restart_limit", "restart_window"}, `is for a service that is started again, and restart = "never"; accepted: "on-failure" or "always" there, or leave the key out`)
	case s.RestartLimit == 0:
		c.Of(key+".restart_limit").Vain(key, []string{"restart_window"}, "is the time in which restarts count, and without restart_limit nobody counts them; accepted: with restart_limit")
	}
	c.namespaces(key, s)
	c.rights(key, s)
	r, signs := s.Ready, 0
	for _, given := range []bool{r.Port != 0, r.File != "", r.Exit} {
		if given {
			signs++
		}
	}
	if signs == 0 {
		c.Of(key+".ready").Vain(key+".ready", []string{"timeout"}, "is for a sign, and there is none; accepted: with one of port, file, exit")
	}
	switch {
	case signs > 1:
		c.Bad(key+".ready", "has more than one sign; accepted: one of port, file, exit")
	case r.File != "" && (!path.IsAbs(r.File) || path.Clean(r.File) != r.File):
		c.Bad(key+".ready.file", "accepted: the absolute path of a file without . or .., such as /run/thing.ready")
	case r.Exit && s.Restart == spec.RestartAlways:
		c.Of(key+".ready").Bad(key+".restart", `a service that is ready when it ends is not started again; accepted: "on-failure", "never"`)
	}
}

// namespaces finds signs of readiness that uinit could not see from outside.
func (c checker) namespaces(key string, s spec.Service) {
	has := func(n spec.Namespace) bool { return slices.Contains(s.Namespaces, n) }
	if has(spec.NamespaceNet) && s.Ready.Port != 0 {
		c.Of(key+".namespaces").Bad(key+".ready.port", "is a port of the service's own network, which nobody else sees; accepted: another sign, or no net among namespaces")
	}
	if s.Unconfined && has(spec.NamespaceMount) && strings.HasPrefix(path.Clean(s.Ready.File), "/tmp/") {
		c.Of(key+".namespaces").Bad(key+".ready.file", "lies in the service's own /tmp, which nobody else sees; accepted: a file below /run, or no mount among namespaces")
	}
}
