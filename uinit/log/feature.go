// Package log takes in what programs say, and shows it with what the kernel and uinit say to who asks. What keeps records is package
// syslog; package send sends them to a server.
package log

import (
	"context"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
	"github.com/imgbuild/imgbuild/uinit/status"
)

// Linked is the part of the feature [log] that every init has.
var Linked = feature.Linked{
	Name: "log", New: func(d *feature.Deps) feature.Feature { return records{d} },
	Words: []feature.Word{{Use: "log [-f] [UNIT]", Does: "the log, of one unit; -f goes on with what comes"}},
	Verbs: map[string]func([]string) int{"log": show},
}

// records are the latest of the machine.
type records struct{ *feature.Deps }

// Start takes in what programs say to syslog(3).
func (r records) Start() {
	local, err := syslog.ListenLocal(syslog.LocalSocket, syslog.LocalLog)
	if err != nil {
		r.Log.Error(err.Error())
		return
	}
	go func() { // to the end: what stops has words, too
		if err := r.Records.KeepLocal(context.WithoutCancel(r.Life), local); err != nil {
			r.Log.Error(err.Error())
		}
	}()
}

// Step is for a unit: it has none.
func (r records) Step(unit string) feature.Step { panic("BUG: no step for unit " + unit) }

// Answers are those to "log".
func (r records) Answers() map[string]status.Stream {
	return map[string]status.Stream{"log": r.answer}
}
