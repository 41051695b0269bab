package service

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/passwd"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/service/exposure"
)

// holding is what a service may do: as it runs, or else as its row says. Dir is its control group.
func (s *services) holding(name string) (h exposure.Holding, dir string) {
	row := s.Machine.Now().Service[name]
	path := cgroup.Service(name)
	if name == spec.SSHService {
		path = cgroup.SSH()
	}
	dir = s.Programs.Groups.Dir(path)
	if now := exposure.Of("/proc", members(dir)); now != nil {
		now.Calls = row.SystemCalls
		return *now, dir
	}
	uid := 0
	if a, err := passwd.Find("/etc", row.User); err == nil {
		uid = int(a.UID)
	}
	return exposure.OfRow(row, uid), dir
}

// members are the processes of a control group, the first one first.
func members(dir string) (pids []int) {
	b, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for word := range strings.FieldsSeq(string(b)) {
		if pid, err := strconv.Atoi(word); err == nil && dir != "" {
			pids = append(pids, pid)
		}
	}
	return pids
}

// show answers "service NAME" with what a service may do, a line each.
func (s *services) show(_ context.Context, args []string, send func(report.Event) error) error {
	if len(args) != 1 {
		return feature.Accepted(words, "service")
	}
	name := strings.TrimPrefix(args[0], "service:")
	one := s.all[name]
	if one == nil {
		return fmt.Errorf("there is no service %q%s; accepted: %s", name, suggest.DidYouMean(name, graph.Names(s.all)), strings.Join(graph.Names(s.all), ", "))
	}
	h, dir := s.holding(name)
	state := string(one.State())
	if h.PID > 0 {
		state += ", process " + strconv.Itoa(h.PID)
	} else {
		state += "; this is what its row says"
	}
	account := strconv.Itoa(h.UID)
	accounts, _ := passwd.All("/etc")
	for _, a := range accounts {
		if int(a.UID) == h.UID {
			account = a.Name + " (" + account + ")"
		}
	}
	could := "none"
	if !h.NoNew {
		could = exposure.Names(h.Bounds)
	}
	writable := "nothing"
	if len(h.Writable) > 0 {
		writable = strings.Join(h.Writable, " ")
	}
	shares := strings.Join(h.Shared, " ")
	if shares == "" {
		shares = "nothing"
	}
	of100, word, by := h.Score()
	for _, line := range [][2]string{
		{name, state}, {"account", account}, {"capabilities", exposure.Names(h.Capabilities)}, {"could get", could},
		{"system calls", h.Filter()}, {"writes", writable}, {"has with all", shares},
		{"memory", most(dir, "memory")}, {"processes", most(dir, "pids")},
		{"exposure", fmt.Sprintf("%.1f %s: %s", float64(of100)/10, word, by)},
	} {
		if err := send(report.Event{Kind: report.KindLog, Message: fmt.Sprintf("%-14s %s", line[0], line[1])}); err != nil {
			return err
		}
	}
	return nil
}

// most says what a control group uses and may use.
func most(dir, controller string) string {
	unit, by := "", int64(1)
	if controller == "memory" {
		unit, by = " MiB", 1<<20
	}
	used, limit := cgroup.Figure(dir, controller+".current")/by, cgroup.Figure(dir, controller+".max")/by
	if limit == 0 {
		return fmt.Sprintf("%d%s, not limited", used, unit)
	}
	return fmt.Sprintf("%d of %d%s", used, limit, unit)
}
