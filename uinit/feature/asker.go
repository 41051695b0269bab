package feature

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/report"
)

// Asker is who asked by uinitctl. Who left hears nothing any more, and the work goes on.
type Asker func(report.Event) error

// Tell has a line printed.
func (to Asker) Tell(format string, args ...any) {
	_ = to(report.Event{Kind: report.KindFact, Message: fmt.Sprintf(format, args...)})
}

// Progress is the state of an event whose line the next one takes the place of: hours of a rebuild are no log.
const Progress = "progress"

// Progress prints a line that the next one takes the place of.
func (to Asker) Progress(line string) {
	_ = to(report.Event{Kind: report.KindFact, State: Progress, Message: line})
}
