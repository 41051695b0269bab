package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/chart"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/features"
	"github.com/imgbuild/imgbuild/uinit/status"
)

func (w *worker) serveStatus(context.Context) error {
	w.Facts.Answer("blame", w.history.answer)
	for _, f := range w.features {
		if a, ok := f.Feature.(feature.Answerer); ok {
			for word, answer := range a.Answers() {
				w.Facts.Answer(word, answer)
			}
		}
	}
	return w.Facts.Listen(w.Life, status.Socket)
}

// uinitctlMain is uinitctl: "status" (the default), "facts", "blame", "limits", "log [-f] [UNIT]",
// "array [status | check NAME | replace NAME OLD NEW]", "disk [list | erase DEVICE SERIAL]", what a feature's Verbs accept, or "start", "stop",
// "vm" and what vmctlMain accepts, or "start", "stop",
// "restart" with the name of a service.
func uinitctlMain(args []string) int {
	question := "status"
	if len(args) == 0 {
		args = []string{question}
	}
	question = args[0]
	for _, l := range features.All() {
		if verb := l.Verbs[question]; verb != nil {
			return verb(args[1:])
		}
	}
	events, err := status.Ask(status.Socket, strings.Join(args, " "))
	if err != nil {
		fmt.Fprintln(os.Stderr, "uinitctl:", err)
		return 1
	}
	if question == "blame" {
		if err := chart.New(events).WriteBlame(os.Stdout); err != nil {
			return 1
		}
		return 0
	}
	if question == "facts" {
		writeFacts(os.Stdout, events)
		return 0
	}
	if writeStatus(os.Stdout, events) {
		return 0
	}
	return 3
}

// writeStatus prints a line for each unit and says whether all is well.
func writeStatus(w io.Writer, events []report.Event) bool {
	well := true
	for _, e := range events {
		took := ""
		if e.Seconds > 0 {
			took = feature.Round(time.Duration(e.Seconds * float64(time.Second))).String()
		}
		line := fmt.Sprintf("%-24s %-8s %7s", e.Name, e.State, took)
		if e.Message != "" {
			line += "  " + e.Message
		}
		well = well && e.State != "failed" && e.State != "late" && e.State != "degraded"
		fmt.Fprintln(w, ctl.Cut(line))
	}
	return well
}

// writeFacts prints NAME VALUE lines, values as JSON unless they are text.
func writeFacts(w io.Writer, events []report.Event) {
	for _, e := range events {
		value, ok := e.Value.(string)
		if !ok {
			b, err := json.Marshal(e.Value)
			if err != nil {
				continue
			}
			value = string(b)
		}
		fmt.Fprintf(w, "%-30s %s\n", e.Name, value)
	}
}
