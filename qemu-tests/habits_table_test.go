package qemu_tests

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// habit is a line that people type, and what must come out; testdata/habits/common.txt says how one is written.
type habit struct {
	area, line string
	// want is nil where Debian's programs say what must come out.
	want *regexp.Regexp
	exit int
	// steps are what is typed at a console and what it shows then, in turn, at last the prompt; of a line that is typed there.
	steps [][2]string
	typed bool
}

// habits reads tables of habits.
func habits(t *testing.T, files ...string) (list []habit) {
	t.Helper()
	for _, file := range files {
		text, err := os.ReadFile("testdata/habits/" + file)
		if err != nil {
			t.Fatal(err)
		}
		area := ""
		for line := range strings.Lines(string(text)) {
			line = strings.TrimRight(line, "\n")
			switch {
			case line == "" || strings.HasPrefix(line, "#"):
			case strings.HasPrefix(line, "= "):
				area = line[2:]
			default:
				h, err := parseHabit(line)
				if err != nil {
					t.Fatalf("%s: %s: %v", file, line, err)
				}
				h.area = area
				list = append(list, h)
			}
		}
	}
	return list
}

func parseHabit(text string) (h habit, err error) {
	text, h.typed = strings.CutPrefix(text, "@ ")
	parts := strings.Split(text, " => ")
	h.line = parts[0]
	if h.typed {
		send := h.line + "\r"
		for i := 1; i < len(parts); i += 2 {
			expect, err := pattern(parts[i])
			if err != nil {
				return h, err
			}
			h.steps, send = append(h.steps, [2]string{send, expect}), ""
			if i+1 < len(parts) {
				if send, err = strconv.Unquote(`"` + parts[i+1] + `"`); err != nil {
					return h, fmt.Errorf("keys %q: %w", parts[i+1], err)
				}
			}
		}
		h.steps = append(h.steps, [2]string{send, prompt})
		return h, nil
	}
	if len(parts) == 1 {
		return h, nil
	}
	want := parts[1]
	if number, rest, ok := strings.Cut(want, " "); ok {
		if n, err := strconv.Atoi(number); err == nil {
			h.exit, want = n, rest
		}
	}
	expr, err := pattern(want)
	if err != nil {
		return h, err
	}
	h.want, err = regexp.Compile("(?m)" + expr)
	return h, err
}

// prompt is what a root's shell shows when it is ready.
const prompt = `# $`

func pattern(text string) (string, error) {
	if len(text) < 3 || text[0] != '/' || text[len(text)-1] != '/' {
		return "", fmt.Errorf("%q is no /PATTERN/", text)
	}
	_, err := regexp.Compile(text[1 : len(text)-1])
	return text[1 : len(text)-1], err
}

// The tables are as large as they are said to be, no line is in them twice, and every line says what must come out.
func TestHabitsAreWritten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		files []string
		least int
	}{{[]string{"common.txt", "headless.txt"}, 150}, {[]string{"common.txt", "rescue.txt"}, 200}} {
		list, seen := habits(t, tt.files...), map[string]bool{}
		if len(list) < tt.least {
			t.Errorf("%v have %d lines, want %d", tt.files, len(list), tt.least)
		}
		for _, h := range list {
			id := fmt.Sprint(h.typed, h.line)
			if seen[id] {
				t.Errorf("%s is there twice", h.line)
			}
			seen[id] = true
		}
	}
}
