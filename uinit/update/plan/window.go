package plan

import (
	"strconv"
	"strings"
	"time"
)

// Window is a time of the day, by the clock: 02:00-04:30. One that ends before it begins goes over midnight.
type Window struct{ from, to time.Duration }

// ParseWindow reads a window.
func ParseWindow(text string) (w Window, ok bool) {
	first, second, _ := strings.Cut(text, "-")
	from, ok1 := clock(first)
	to, ok2 := clock(second)
	return Window{from, to}, ok1 && ok2 && from != to
}

// clock reads a time of the day.
func clock(text string) (time.Duration, bool) {
	h, m, ok := strings.Cut(text, ":")
	hours, err1 := strconv.ParseUint(h, 10, 8)
	minutes, err2 := strconv.ParseUint(m, 10, 8)
	ok = ok && len(h) == 2 && len(m) == 2 && err1 == nil && err2 == nil && hours < 24 && minutes < 60
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute, ok
}

const day = 24 * time.Hour

// Until is how long it takes until the window is open; 0 within it. The zero Window is always open.
func (w Window) Until(now time.Time) time.Duration {
	if w.from == w.to {
		return 0
	}
	at := now.UTC().Sub(now.UTC().Truncate(day))
	since, length := (at-w.from+day)%day, (w.to-w.from+day)%day
	if since < length {
		return 0
	}
	return day - since
}
