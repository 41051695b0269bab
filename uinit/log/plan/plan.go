// Package plan says what the log needs. It is pure, and the builder's as well.
package plan

import (
	"path"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "log", Units: Units, Check: check, Parts: []graph.Option{{Tag: "nosyslog", Used: sent}, {Tag: "nosyslogtls", Used: secured}}, Facts: facts}

// sent says whether records go, or may go, to a server.
func sent(d *spec.Description) bool { return sends(&d.Machine) }

// secured says whether records go, or may go, to a server by TLS.
func secured(d *spec.Description) bool {
	scheme, _ := d.Log.Remote.Split()
	return scheme == "tls" || d.Log.CA != "" && d.Allows(spec.SiteLogServer)
}

// Units send records to a server. Where its spool's file systems don't come, the sender does without them.
func Units(d *spec.Description) []graph.Unit {
	if !sends(&d.Machine) {
		return nil
	}
	after := append([]string{"hostname"}, graph.Above(&d.Machine, path.Join(d.Log.Spool, "log"))...)
	return []graph.Unit{{Unit: unit.Unit{Name: "log", After: after}, Reads: []spec.SiteKey{spec.SiteLogServer}}}
}

func sends(m *spec.Machine) bool { return m.Log.Remote != "" || m.Allows(spec.SiteLogServer) }

func check(j problem.Judge, m *spec.Machine) {
	l := m.Log
	scheme, _ := l.Remote.Split()
	if l.CA != "" && scheme != "tls" && !m.Allows(spec.SiteLogServer) {
		j.Of("log.remote", "site").Bad("log.ca", "is for a server with tls://; accepted: log.remote = \"tls://HOST\", or no ca")
	}
	if l.CA != "" && !path.IsAbs(l.CA) {
		j.Bad("log.ca", "%q is not an absolute path", l.CA)
	}
	if l.Spool != "" && !sends(m) {
		j.Of("log.remote", "site").Bad("log.spool", "keeps records for a server, and log.remote names none")
	}
	if l.Spool == "" {
		j.Of("log.spool", "state.path").Vain("log", []string{"spool_max"}, "is for a spool, and there is none; accepted: with log.spool")
	}
	if !sends(m) {
		j.Of("log.remote", "site").Vain("log", []string{"level", "queue"}, "is for records that go to a server, and log.remote names none; accepted: with log.remote")
	}
	state.Check(j, m, "log.spool", l.Spool)
}
