package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/chart"
	"github.com/imgbuild/imgbuild/uinit/ctl"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/features"
	"github.com/imgbuild/imgbuild/uinit/status"
)

func (w *worker) serveStatus(context.Context) error {
	w.Facts.Answer("blame", w.history.Answer)
	for _, a := range those[feature.Answerer](w) {
		for word, answer := range a.Answers() {
			w.Facts.Answer(word, answer)
		}
	}
	return w.Facts.Listen(w.Life, status.Socket)
}

// uinitctlMain is uinitctl: "status" (the default), "facts", "blame", and what the features answer: those that print it
// themselves (feature.Linked.Verbs) and the others.
func uinitctlMain(args []string) int {
	question := "status"
	args, paint, err := ctl.Paint(args, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "uinitctl:", err)
		return 2
	}
	if len(args) == 0 {
		args = []string{question}
	}
	question = args[0]
	if ctl.Helped(os.Stdout, features.Words(ctl.Words), args) {
		return 0
	}
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
		ctl.WriteFacts(os.Stdout, events)
		return 0
	}
	if ctl.WriteStatus(os.Stdout, events, paint) {
		return 0
	}
	return 3
}
