package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// With this variable the test program is the shell, for tests on a terminal.
const shellVariable = "SH_TEST_SHELL"

func TestMain(m *testing.M) {
	if os.Getenv(shellVariable) != "" {
		os.Args[0] = "sh"
		main()
	}
	os.Exit(m.Run())
}

func TestParseOptions(t *testing.T) {
	type want struct {
		set, command, name, file string
		login, interactive       bool
	}
	tests := []struct {
		args string
		want want
		bad  bool
	}{
		{args: "sh", want: want{set: "--", name: "sh"}},
		{args: "-sh", want: want{set: "--", name: "sh", login: true}},
		{args: "/bin/sh -l -i", want: want{set: "--", name: "sh", login: true, interactive: true}},
		{args: "sh -c cmd", want: want{set: "--", command: "cmd", name: "sh"}},
		{args: "sh -ec cmd name a -b", want: want{set: "-e -- a -b", command: "cmd", name: "name"}},
		{args: "sh -c -u cmd", want: want{set: "-u --", command: "cmd", name: "sh"}},
		{args: "sh -euo pipefail file a", want: want{set: "-e -u -o pipefail -- a", name: "sh", file: "file"}},
		{args: "sh +x file", want: want{set: "+x --", name: "sh", file: "file"}},
		{args: "sh -- -file -a", want: want{set: "-- -a", name: "sh", file: "-file"}},
		{args: "sh - file", want: want{set: "--", name: "sh", file: "file"}},
		{args: "sh -s a b", want: want{set: "-- a b", name: "sh"}},
		{args: "sh -c", bad: true},
		{args: "sh -o", bad: true},
		{args: "sh --posix", bad: true},
	}
	for _, tt := range tests {
		o, err := parseOptions(strings.Fields(tt.args))
		if (err != nil) != tt.bad {
			t.Errorf("%s: %v", tt.args, err)
		}
		if tt.bad {
			continue
		}
		got := want{strings.Join(o.set, " "), "", o.name, o.file, o.login, o.interactive}
		if o.command != nil {
			got.command = *o.command
		}
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.args, got, tt.want)
		}
	}
}

func FuzzParseOptions(f *testing.F) {
	f.Add("sh -ec cmd name")
	f.Add("-sh +o")
	f.Fuzz(func(t *testing.T, line string) {
		o, err := parseOptions(strings.Split(line, " "))
		if err == nil && !slices.Contains(o.set, "--") {
			t.Errorf("parameters could be read as options: %q", o.set)
		}
	})
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"script":   "echo $0 $# $2; exit 4\n",
		"bad":      "echo never; if\n",
		"noformat": "\x00\x01",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("DIR", dir)
	tests := []struct {
		args   []string
		stdin  string
		stdout string
		status int
	}{
		{args: []string{"-c", "echo $0 $1", "name", "one two"}, stdout: "name one two\n"},
		{args: []string{"-c", "false"}, status: 1},
		{args: []string{"-ec", "false; echo no"}, status: 1},
		{args: []string{"-uc", "echo $nothing; echo no"}, status: 1},
		{args: []string{"-c", "trap 'echo bye' EXIT; exit 3"}, stdout: "bye\n", status: 3},
		{args: []string{"-c", "/nonexistent/x; echo $?"}, stdout: "127\n"},
		{args: []string{"-c", "$DIR/noformat; echo $?"}, stdout: "126\n"},
		{args: []string{"-c", "kill -TERM $$$$; true"}}, // no such process
		{args: []string{"-c", "if"}, status: statusUsage},
		{args: []string{"-Z"}, status: statusUsage},
		{args: []string{filepath.Join(dir, "script"), "a", "b"}, stdout: filepath.Join(dir, "script") + " 2 b\n", status: 4},
		{args: []string{filepath.Join(dir, "bad")}, status: statusUsage},
		{args: []string{filepath.Join(dir, "none")}, status: statusNotFound},
		{args: []string{dir}, status: statusCannotExec},
		{stdin: "x=1\necho $x\nexit 5\necho no\n", stdout: "1\n", status: 5},
		{args: []string{"-s", "a"}, stdin: "echo $1", stdout: "a\n"},
		{stdin: "echo a\nif\n", stdout: "a\n", status: statusUsage},
		{args: []string{"-c", "for i in 1 2; do echo $i; done | while read x; do echo got $x; done"}, stdout: "got 1\ngot 2\n"},
	}
	for _, tt := range tests {
		stdin := filepath.Join(dir, "stdin")
		if err := os.WriteFile(stdin, []byte(tt.stdin), 0o644); err != nil {
			t.Fatal(err)
		}
		in, err := os.Open(stdin)
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"sh"}, tt.args...), in, &stdout, &stderr)
		in.Close()
		if status != tt.status || stdout.String() != tt.stdout {
			t.Errorf("sh %q: status %d, %q (%q); want %d, %q", tt.args, status, stdout.String(), stderr.String(), tt.status, tt.stdout)
		}
	}
}

func TestLoginReadsProfile(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.WriteFile(filepath.Join(home, ".profile"), []byte("greeting=hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"-sh": "hello\n", "sh": "\n"} {
		var stdout, stderr bytes.Buffer
		run([]string{name, "-c", "echo $greeting"}, os.Stdin, &stdout, &stderr)
		if stdout.String() != want {
			t.Errorf("%s: %q (%q), want %q", name, stdout.String(), stderr.String(), want)
		}
	}
}

func TestComplete(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"bin", "sub", "sub/deep"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"bin/list", "bin/listen", "notes", ".hidden", "sub/file"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		line string // "|" is the cursor
		head string
		want []string
		tail string
	}{
		{"lis|", "", []string{"list ", "listen "}, ""},
		{"x; lis|", "x; ", []string{"list ", "listen "}, ""},
		{"x no| y", "x ", []string{"notes "}, " y"},
		{"x s|", "x ", []string{"sub/"}, ""},
		{"x sub/|", "x ", []string{"sub/deep/", "sub/file "}, ""},
		{"x .h|", "x ", []string{".hidden "}, ""},
		{"x >n|", "x >", []string{"notes "}, ""},
		{"x é no|", "x é ", []string{"notes "}, ""},
		{"x none/|", "x ", nil, ""},
	}
	for _, tt := range tests {
		before, after, _ := strings.Cut(tt.line, "|")
		head, words, tail := complete(before+after, len([]rune(before)), dir, filepath.Join(dir, "bin"))
		if head != tt.head || !slices.Equal(words, tt.want) || tail != tt.tail {
			t.Errorf("%s: %q %q %q, want %q %q %q", tt.line, head, words, tail, tt.head, tt.want, tt.tail)
		}
	}
}
