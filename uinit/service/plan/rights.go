package plan

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// goesWith are capabilities that are of no use without system calls that servers don't have by themselves.
var goesWith = map[spec.Capability]spec.CallGroup{
	"sys_time": spec.CallsClock, "sys_module": spec.CallsModule, "sys_rawio": spec.CallsRawIO, "sys_boot": spec.CallsReboot,
	"sys_chroot": spec.CallsMount, "bpf": spec.CallsPrivileged, "perfmon": spec.CallsDebug,
}

// rights finds what a service is not given although its row shows that it needs it, and rights that are none.
func (c checker) rights(key string, s spec.Service) {
	if s.Unconfined {
		c.Of(key+".unconfined").Vain(key, []string{"capabilities", "writable", "system_calls", "new_privileges"}, "gives what unconfined = true leaves to it anyway; accepted: one or the other")
		return
	}
	c.writable(key, s)
	c.calls(key, s)
	clean := path.IsAbs(s.Ready.File) && path.Clean(s.Ready.File) == s.Ready.File // told otherwise
	if file := s.Ready.File; clean && spec.Within(file, "/tmp") && !s.CanWrite(file) {
		c.Of(key+".writable", key+".unconfined").Bad(key+".ready.file", "lies in the service's own /tmp, which nobody else sees; accepted: a file below /run that writable names, such as writable = [\"/run/thing\"]")
	} else if clean && !s.CanWrite(file) {
		c.Of(key+".writable", key+".unconfined").Bad(key+".ready.file", "can't be made: the service can't write to %s; accepted: a file in a place that writable names, such as writable = [%q]", path.Dir(file), path.Dir(file))
	}
	lowest := 1024
	if n, err := strconv.Atoi(strings.TrimSpace(c.m.Sysctl["net.ipv4.ip_unprivileged_port_start"])); err == nil {
		lowest = n
	}
	if port := s.Ready.Port; port > 0 && port < lowest && !slices.Contains(s.Capabilities, "net_bind_service") {
		c.Of(key+".capabilities", key+".unconfined", "sysctl").Bad(key+".ready.port", "can't be listened on by who has no right to: it is below %d; accepted: with capabilities = [\"net_bind_service\"], or a higher one", lowest)
	}
}

// writable looks at the places that a service may write to, each by itself. That the image has them is for the builder to see.
func (c checker) writable(key string, s spec.Service) {
	for i, at := range s.Writable {
		key := problem.JoinIndex(key+".writable", i)
		if !path.IsAbs(at) || path.Clean(at) != at || strings.ContainsAny(at, "\n\\") {
			c.Bad(key, "%q is not an absolute path without . or ..; accepted: such as \"/srv\", \"/run/thing\", \"/dev/net/tun\"", at)
			continue
		}
		if other := slices.IndexFunc(s.Writable, func(o string) bool { return path.IsAbs(o) && o != at && spec.Within(at, o) && !exempt(at, o) }); other >= 0 {
			c.Warn(key, "lies in %s, which can be written to already; accepted: one of them", s.Writable[other])
		}
		for _, mount := range graph.Names(c.m.Mount) {
			if spec.Within(at, mount) && c.m.Mount[mount].ReadOnly() && !slices.ContainsFunc(graph.Names(c.m.Mount), func(o string) bool { return o != mount && spec.Within(o, mount) && spec.Within(at, o) }) {
				c.Of(problem.JoinKey("mount", mount)).Bad(key, "lies in %s, which is mounted read-only; accepted: a place in a file system that can be written to", mount)
			}
		}
	}
}

// exempt are places that stay closed though what they lie in is open, or that are asked for apart from it.
func exempt(at, in string) bool {
	return in == "/" && spec.Within(at, "/dev") || in == "/" && at == "/tmp" || in == "/proc" && (at == "/proc/sys" || at == "/proc/sysrq-trigger")
}

// calls finds capabilities and system calls that are of no use without each other.
func (c checker) calls(key string, s spec.Service) {
	all := slices.Contains(s.SystemCalls, spec.CallsKnown)
	for i, name := range s.Capabilities {
		if group := goesWith[name]; group != "" && !all && !slices.Contains(s.SystemCalls, group) {
			c.Of(key+".system_calls").Warn(problem.JoinIndex(key+".capabilities", i), "%s is of no use without the system calls that it is for; accepted: beside system_calls = [%q]", name, group)
		}
	}
	if i := slices.Index(s.SystemCalls, spec.CallsKnown); i >= 0 && len(s.SystemCalls) > 1 {
		c.Warn(problem.JoinIndex(key+".system_calls", i), "has all groups in it; accepted: by itself")
	}
}
