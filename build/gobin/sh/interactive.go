package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/peterh/liner"
	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/syntax"
)

// interact reads lines from the terminal until its end. The history is kept in
// memory only: nothing is written to a disk unasked.
func (s *shell) interact() {
	defer s.sig.catch()()
	normal, err := liner.TerminalMode()
	if err != nil { // -i without a terminal
		s.stream(context.Background(), os.Stdin)
		return
	}
	giveSize()
	term := liner.NewLiner()
	defer term.Close()
	editing, err := liner.TerminalMode()
	if err != nil {
		fmt.Fprintf(s.stderr, "sh: reading the terminal's mode: %v\n", err)
		s.status = 1
		return
	}
	term.SetCtrlCAborts(true)
	term.SetTabCompletionStyle(liner.TabPrints)
	term.SetWordCompleter(func(line string, pos int) (string, []string, string) {
		return complete(line, pos, s.runner.Dir, s.path())
	})

	pending := ""
	for !s.left {
		line, err := term.Prompt(s.prompt(pending != ""))
		if errors.Is(err, liner.ErrPromptAborted) {
			pending, s.status = "", statusInterrupted
			continue
		}
		if err != nil {
			return
		}
		file, err := syntax.NewParser().Parse(strings.NewReader(pending+line+"\n"), "sh")
		if err != nil && syntax.IsIncomplete(err) {
			pending += line + "\n"
			continue
		}
		if text := pending + line; strings.TrimSpace(text) != "" {
			term.AppendHistory(text)
		}
		pending = ""
		if err != nil {
			fmt.Fprintf(s.stderr, "sh: %v\n", err)
			s.status = statusUsage
			continue
		}
		// The editor's mode does not echo: programs get the terminal as it was. What
		// a successful one changes (stty) stays, what a broken one leaves does not.
		_ = normal.ApplyMode()
		s.line(file.Stmts)
		if s.status == statusInterrupted {
			fmt.Println() // the prompt would stand behind the terminal's "^C"
		}
		if now, err := liner.TerminalMode(); err == nil && s.status == 0 {
			normal = now
		}
		if err := editing.ApplyMode(); err != nil {
			return // the terminal has gone
		}
	}
}

// giveSize gives a serial line, which knows none, the size of a terminal; the
// editor divides by it.
func giveSize() {
	size, err := unix.IoctlGetWinsize(int(os.Stdout.Fd()), unix.TIOCGWINSZ)
	if err == nil && size.Col == 0 {
		_ = unix.IoctlSetWinsize(int(os.Stdout.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
}

// line runs what was typed; an interrupt skips the rest of it.
func (s *shell) line(stmts []*syntax.Stmt) {
	ctx, cancel := s.sig.line()
	defer cancel()
	for _, stmt := range stmts {
		s.do(ctx, stmt)
		if s.left || ctx.Err() != nil {
			return
		}
	}
}

// prompt is the PS1 that the user has set, else where one is: host, directory
// and "#" for root.
func (s *shell) prompt(more bool) string {
	if more {
		return "> "
	}
	if ps1, ok := s.runner.Vars["PS1"]; ok && ps1.IsSet() {
		return ps1.String()
	}
	host, _ := os.Hostname()
	mark := "$"
	if os.Geteuid() == 0 {
		mark = "#"
	}
	return fmt.Sprintf("%s:%s%s ", host, s.runner.Dir, mark)
}

// path is the PATH of the shell's own variables, or else of its environment.
func (s *shell) path() string {
	if v, ok := s.runner.Vars["PATH"]; ok {
		return v.String()
	}
	return os.Getenv("PATH")
}
