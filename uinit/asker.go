package main

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/report"
)

// asker is who asked by uinitctl. Who left hears nothing any more, and the work goes on.
type asker func(report.Event) error

func (to asker) tell(format string, args ...any) {
	_ = to(report.Event{Kind: report.KindFact, Message: fmt.Sprintf(format, args...)})
}

// progress is a line that the next one takes the place of.
func (to asker) progress(line string) {
	_ = to(report.Event{Kind: report.KindFact, State: progress, Message: line})
}
