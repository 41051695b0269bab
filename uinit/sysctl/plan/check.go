package plan

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// File is where a setting lies below /proc/sys. Where a dot separates first,
// dots and slashes change places, so that names with dots can be written (sysctl.d(5)).
func File(key string) string {
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '.' {
		key = strings.Map(func(r rune) rune {
			switch r {
			case '.':
				return '/'
			case '/':
				return '.'
			}
			return r
		}, key)
	}
	return path.Clean(strings.TrimLeft(key, "/"))
}

// texts are settings that may be empty: they are no numbers (Documentation/admin-guide/sysctl/kernel.rst, ip-sysctl).
var texts = []string{"kernel/core_pattern", "kernel/domainname", "kernel/hotplug", "kernel/modprobe", "kernel/poweroff_cmd", "net/ipv4/ip_local_reserved_ports"}

// check finds settings that are none, and those that are made twice.
func check(j problem.Judge, m *spec.Machine) {
	names := map[string]string{}
	for _, name := range graph.Names(m.Sysctl) {
		file, key := File(name), problem.JoinKey("sysctl", name)
		if file == "." || !filepath.IsLocal(file) || slices.Contains(strings.FieldsFunc(name, func(r rune) bool { return r == '/' }), "..") ||
			strings.ContainsAny(name, " \t=") || strings.HasPrefix(file, "proc/sys/") {
			j.Sure().Bad(key, `is not a setting of the kernel; accepted: as below /proc/sys, such as "net.ipv4.ip_forward"`)
			continue
		}
		if strings.TrimSpace(m.Sysctl[name]) == "" && !slices.Contains(texts, file) {
			j.Warn(key, "is empty, which the kernel takes for no number; accepted: such as 1, or leave the key out")
		}
		if words := strings.Split(file, "/"); len(words) == 5 && words[0] == "net" && words[2] == "conf" && !slices.Contains([]string{"all", "default", "lo"}, words[3]) {
			ofLink(j, m, key, words[3], words[4])
		}
		if other, dup := names[file]; dup {
			j.Sure().Of(problem.JoinKey("sysctl", other)).Bad(key, "is %q already, written otherwise; accepted: each setting once", other)
		}
		names[file] = name
	}
}

// ofLink finds settings of one interface, which is not there yet when these are made, or not under its name.
func ofLink(j problem.Judge, m *spec.Machine, key, name, setting string) {
	if l, known := m.Links()[name]; known {
		j.Of(problem.JoinKey(l.Kind, name)).Warn(key, "is made before %s is there; accepted: the key sysctl of %s", name, problem.JoinKey(l.Kind, name))
	} else if len(m.Links()) > 0 {
		j.Ref(name, spec.LinkTables...).Warn(key, "no interface of this profile is called %s%s; accepted: one of %s, or all, default, lo", name, suggest.DidYouMean(name, graph.Names(m.Links())), strings.Join(graph.Names(m.Links()), ", "))
	}
}
