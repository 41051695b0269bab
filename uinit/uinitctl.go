package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/chart"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/status"
)

func (w *worker) serveStatus(context.Context) error {
	w.board.Answer("log", w.records.answer)
	w.board.Answer("blame", w.history.answer)
	w.board.Answer("limits", w.answerLimits)
	for _, verb := range []string{"start", "stop", "restart"} {
		w.board.Answer(verb, w.manage(verb))
	}
	w.board.Answer("disk", w.answerDisk)
	w.arrays.answers()
	w.guests.answer(w.board)
	return w.board.Listen(w.life, status.Socket)
}

// uinitctlMain is uinitctl: "status" (the default), "facts", "blame", "limits", "log [-f] [UNIT]",
// "array [status | check NAME | replace NAME OLD NEW]", "disk [list | erase DEVICE SERIAL]", "vm" and what vmctlMain accepts, or "start", "stop",
// "restart" with the name of a service.
func uinitctlMain(args []string) int {
	question := "status"
	if len(args) == 0 {
		args = []string{question}
	}
	question = args[0]
	if question == "vm" {
		return vmctlMain(args[1:])
	}
	if question == "log" {
		if err := status.Follow(status.Socket, strings.Join(args, " "), func(e report.Event) { writeRecord(os.Stdout, e) }); err != nil {
			fmt.Fprintln(os.Stderr, "uinitctl:", err)
			return 1
		}
		return 0
	}
	if question == "array" || question == "disk" {
		_, notty := unix.IoctlGetTermios(1, unix.TCGETS)
		if err := status.Follow(status.Socket, strings.Join(args, " "), func(e report.Event) { writeProgress(os.Stdout, e, notty == nil) }); err != nil {
			fmt.Fprintln(os.Stderr, "\ruinitctl:", err)
			return 1
		}
		return 0
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
	if question == "limits" {
		return writeLimits(os.Stdout, events)
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

// width is that of the narrowest terminal people sit at.
const width = 80

// writeStatus prints a line for each unit and says whether all is well.
func writeStatus(w io.Writer, events []report.Event) bool {
	well := true
	for _, e := range events {
		took := ""
		if e.Seconds > 0 {
			took = round(time.Duration(e.Seconds * float64(time.Second))).String()
		}
		line := fmt.Sprintf("%-24s %-8s %7s", e.Name, e.State, took)
		if e.Message != "" {
			line += "  " + e.Message
		}
		well = well && e.State != "failed" && e.State != "late" && e.State != "degraded"
		fmt.Fprintln(w, cut(line))
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

// writeRecord prints a record as dmesg(1) does: "[   12.345678] probe: ready".
func writeRecord(w io.Writer, e report.Event) {
	fmt.Fprintf(w, "[%12.6f] %s: %s\n", e.Seconds, e.Name, e.Message)
}

// progress is the state of an event whose line the next one takes the place of: hours of a rebuild are no log.
const progress = "progress"

// writeProgress prints a line; on a terminal, one that shows progress is overwritten by the next.
func writeProgress(w io.Writer, e report.Event, terminal bool) {
	if !terminal {
		fmt.Fprintln(w, e.Message)
		return
	}
	const clear = "\r\x1b[K"
	if e.State == progress {
		fmt.Fprint(w, clear+cut(e.Message))
		return
	}
	fmt.Fprintln(w, clear+e.Message)
}

// cut shortens a line to the width of a terminal.
func cut(line string) string {
	if r := []rune(line); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return line
}
