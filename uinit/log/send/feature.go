// Package send sends what the kernel, uinit and the services say to a server. What keeps and sends records is package syslog.
package send

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/log/plan"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
	"github.com/imgbuild/imgbuild/uinit/power"
)

// Linked is the part of the feature [log] that sends; secure is nil where TLS is left out.
func Linked(secure syslog.Secure) feature.Linked {
	return feature.Linked{Name: "log", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return newSender(d, secure) }}
}

// sender sends the records of the ring to a log server.
type sender struct {
	*feature.Deps
	secure syslog.Secure

	to atomic.Pointer[syslog.Sender]
	// end stops the sending; done is closed when it is over.
	end  context.CancelFunc
	done chan struct{}
}

func newSender(d *feature.Deps, secure syslog.Secure) *sender {
	s := &sender{Deps: d, secure: secure}
	d.News.OnAddresses(s.wake)
	return s
}

// Step is the work behind "log".
func (s *sender) Step(string) feature.Step {
	return feature.Step{Run: func(context.Context) error { return s.send() }}
}

// Stops send what is left, once nobody says anything more.
func (s *sender) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.Log, Step: power.Step{Name: "log", Limit: 4 * time.Second, Do: s.stop}}}
}
