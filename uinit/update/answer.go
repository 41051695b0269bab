package update

import (
	"context"
	"fmt"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// words are what uinitctl says about versions.
var words = []feature.Word{
	{Use: "update [check|commit|rollback]", Does: "versions: list, ask for, keep, go back"},
	{Use: "update apply|restart [WHAT]", Does: "write one from a file or address; start it"},
}

func (u *updater) answer(ctx context.Context, args []string, send func(report.Event) error) error {
	to := feature.Asker(send)
	if u.on == nil {
		return fmt.Errorf("this machine was not started from a slot of a disk%s; versions are written to one of the format \"disk\" with disk.slots = 2", u.why())
	}
	verb := "status"
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	switch {
	case verb == "status" && len(args) == 0:
		return u.status(to)
	case verb == "check" && len(args) == 0:
		return u.checkNow(ctx, to)
	case verb == "apply":
		return u.apply(ctx, args, to)
	case verb == "commit" && len(args) == 0:
		return u.commit(to)
	case verb == "restart":
		return u.restart(ctx, args, to)
	case verb == "rollback" && len(args) == 0:
		return u.rollback(to)
	}
	return feature.Accepted(words, "update")
}

// why is what keeps the slots from being known.
func (u *updater) why() string {
	for _, e := range u.Facts.Units() {
		if e.Name == "update" && e.Message != "" && e.State != string(unit.Skipped) {
			return " (" + e.Message + ")"
		}
	}
	return ""
}
