// Package log sends what the kernel, uinit and the services say to a server, and shows it to who asks. What keeps and
// sends records is package syslog.
package log

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/log/plan"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Linked is the feature [log]; secure is nil where TLS is left out.
func Linked(secure syslog.Secure) feature.Linked {
	return feature.Linked{
		Name: "log", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return newSender(d, secure) },
		Words: []feature.Word{{Use: "log [-f] [UNIT]", Does: "the log, of one unit; -f goes on with what comes"}},
		Verbs: map[string]func([]string) int{"log": show},
	}
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

// Start takes in what programs say to syslog(3).
func (s *sender) Start() {
	local, err := syslog.ListenLocal(syslog.LocalSocket, syslog.LocalLog)
	if err != nil {
		s.Log.Error(err.Error())
		return
	}
	go func() { // to the end: what stops has words, too
		if err := s.Records.KeepLocal(context.WithoutCancel(s.Life), local); err != nil {
			s.Log.Error(err.Error())
		}
	}()
}

// Step is the work behind "log".
func (s *sender) Step(string) feature.Step {
	return feature.Step{Run: func(context.Context) error { return s.send() }}
}

// Answers are those to "log".
func (s *sender) Answers() map[string]status.Stream {
	return map[string]status.Stream{"log": s.answer}
}

// Stops send what is left, once nobody says anything more.
func (s *sender) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.Log, Step: power.Step{Name: "log", Limit: 4 * time.Second, Do: s.stop}}}
}
