package log

import (
	"context"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/log/syslog"
)

// answer is what "uinitctl log [-f] [UNIT]" gets: the records in the ring, and with -f those that
// come.
func (r records) answer(ctx context.Context, args []string, send func(report.Event) error) error {
	follow, unit := false, ""
	for _, arg := range args {
		switch {
		case arg == "-f":
			follow = true
		case unit == "" && !strings.HasPrefix(arg, "-"):
			unit = arg
		default:
			return fmt.Errorf("log: %q is not known; accepted: -f and one unit, such as service:probe, link:lan, kernel", arg)
		}
	}
	records, _ := r.Records.Since(0)
	for {
		for _, rec := range records {
			if !concerns(rec, unit) {
				continue
			}
			if err := send(report.Event{Kind: report.KindLog, Name: rec.Program, Seconds: rec.At.Seconds(), Message: rec.Message}); err != nil {
				return err
			}
		}
		if !follow {
			return nil
		}
		last := uint64(0)
		if n := len(records); n > 0 {
			last = records[n-1].Seq
		}
		var err error
		if records, _, err = r.Records.Next(ctx, last); err != nil {
			return err
		}
	}
}

// concerns says whether a record is a unit's: a service's own words, or what uinit says of it, or its feature: "update ok", "update: ...".
func concerns(rec syslog.Record, unit string) bool {
	if unit == "" || rec.Program == strings.TrimPrefix(unit, "service:") {
		return true
	}
	about, _, _ := strings.Cut(rec.Message, " ")
	return rec.Program == "uinit" && strings.TrimSuffix(about, ":") == unit
}
