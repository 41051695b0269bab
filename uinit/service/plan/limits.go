package plan

import (
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// leastMemory is what a program needs to start: true(1) of Debian 12 was killed with 128K and ran with 256K, when it was in the page cache
// already; bash needed 512K, and programs in Go more than 4M.
const leastMemory spec.Size = 1 << 20

// words are a shell's, which are arguments like others where there is none.
var words = []string{"|", "||", "&&", "&", ">", ">>", "<", "2>&1"}

// shell finds commands that were written for a shell. What follows a program's "-c" is one's.
func (c checker) shell(key string, command []string) {
	for i, word := range command {
		if slices.Contains(words, word) && !slices.Contains(command, "-c") {
			c.Warn(problem.JoinIndex(key+".command", i), "%q is handed to the program as it is: there is no shell; accepted: [\"/bin/sh\", \"-c\", \"…\"] where one is wanted", word)
		}
	}
}

// limits finds bounds that let nothing start, or that are never reached.
func (c checker) limits(key string, s spec.Service) {
	var usual spec.Service
	defaults.Fill(&usual)
	if s.Memory != 0 && s.Memory < leastMemory {
		c.Bad(key+".memory", "is %s, and the program would be ended as it starts; accepted: %s and up", s.Memory, leastMemory)
	}
	if boot := c.m.Boot.StopTimeout; boot > 0 && s.StopTimeout > boot && s.StopTimeout != usual.StopTimeout {
		c.Of("boot.stop_timeout").Warn(key+".stop_timeout", "is %s, and at shutdown all services together have %s (boot.stop_timeout); accepted: up to that, or a longer boot.stop_timeout", s.StopTimeout, boot)
	}
	if s.Restart != spec.RestartNever {
		seldom(c.Judge, key, s.RestartLimit, s.RestartDelay, s.RestartMax, s.RestartWindow)
	}
}

// seldom finds a number of restarts that pauses between them don't leave time for: whoever has it never fails for good.
func seldom(j problem.Judge, key string, limit int, delay, most, window spec.Duration) {
	var waited time.Duration
	for n, pause := 0, time.Duration(delay); n < limit && waited <= time.Duration(window); n++ {
		waited += min(pause, time.Duration(most))
		pause *= 2
	}
	if limit > 0 && waited > time.Duration(window) {
		j.Of(key+".restart_delay", key+".restart_window").Warn(key+".restart_limit", "is %d, and with the pauses between them so many restarts never fall within %s: there is no limit then; accepted: fewer, or shorter pauses", limit, window)
	}
}
