package progress

import (
	"fmt"
	"time"
)

// rate renders how fast bytes went, ", 23.4 MB/s", or nothing where it says nothing.
func rate(bytes int64, took time.Duration) string {
	if bytes == 0 || took <= 0 {
		return ""
	}
	return fmt.Sprintf(", %.1f MB/s", float64(bytes)/1e6/took.Seconds())
}

// remaining estimates the time that is left, by the mean rate so far: a stick's rate
// jumps about with its cache, its mean says when it will be done. It needs a second
// to have an opinion.
func remaining(done, total int64, took time.Duration) (time.Duration, bool) {
	if done <= 0 || done >= total || took < time.Second {
		return 0, false
	}
	return time.Duration(float64(took) / float64(done) * float64(total-done)), true
}
