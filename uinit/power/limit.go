package power

import (
	"strconv"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// limitFile is where the worker tells PID 1 how long it may take to stop everything,
// in seconds: the profile says so, and PID 1 does not read profiles.
const limitFile = "/run/uinit-stop-limit"

// Limit is how long PID 1 gives the worker.
func Limit() time.Duration {
	const fallback, most = 60 * time.Second, time.Hour
	b, err := bounded.Read(limitFile, 64)
	if err != nil {
		return fallback
	}
	seconds, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || seconds <= 0 {
		return fallback
	}
	return min(time.Duration(seconds)*time.Second, most)
}

// Await returns when gone says so, or when the limit is over. That is asked for again and again: the worker writes it only
// when it has heard of the request, and a guest's power-off may take longer than what PID 1 takes for the limit until then.
func Await(gone func() bool, limit func() time.Duration) {
	for start := time.Now(); !gone() && time.Since(start) < limit(); {
		time.Sleep(100 * time.Millisecond)
	}
}

// SetLimit is the worker's side. Rounding up costs less than a stop cut short.
func SetLimit(d time.Duration) error {
	return bounded.Write(limitFile, []byte(strconv.Itoa(int(d/time.Second)+5)+"\n"), 0o644)
}
