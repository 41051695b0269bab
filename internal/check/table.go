package check

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// width of the table in columns.
const width = 80

// WriteTable writes the results for a person, at most 80 columns wide.
func WriteTable(w io.Writer, r Results) error {
	var b strings.Builder
	for _, c := range r.Checks {
		b.WriteString(Row(c))
	}
	switch {
	case r.Verdict != Good:
		writeWrapped(&b, "", fmt.Sprintf("boot: %s: %s", r.Verdict, r.Message))
		writeDetail(&b, r.Console)
		if r.Command != "" {
			// Not wrapped: it is there to be copied.
			fmt.Fprintf(&b, "repeat it by hand with:\n%s\n", r.Command)
		}
	case r.BootState != "":
		fmt.Fprintf(&b, "boot: %s after %.1f s, powered off in good order\n", r.BootState, r.Boot)
	}
	fmt.Fprintf(&b, "%s: %d of %d checks passed in %.1f s, %.1f CPU s\n",
		map[bool]string{true: "PASS", false: "FAIL"}[r.Passed()], len(r.Checks)-r.failed(), len(r.Checks), r.Took, r.CPU)
	_, err := io.WriteString(w, b.String())
	return err
}

// Row is a check's part of the table: a line, and what went wrong below it.
func Row(c Result) string {
	word := "FAILED"
	switch {
	case c.Passed:
		word = "ok"
	case c.Skipped:
		word = "skipped"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s %7.1f s  %s\n", word, c.Seconds, cut(c.Name, width-19))
	writeWrapped(&b, "    ", c.Message)
	writeDetail(&b, c.Detail)
	return b.String()
}

func writeDetail(b *strings.Builder, lines []string) {
	for _, line := range lines {
		fmt.Fprintf(b, "    | %s\n", cut(strings.ReplaceAll(printable(line), "\t", "    "), width-6))
	}
}

// cut shortens a line to n columns.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// writeWrapped breaks text at spaces; a word longer than a line is cut hard.
func writeWrapped(b *strings.Builder, indent, text string) {
	room := width - len(indent)
	line := ""
	flush := func() {
		if line != "" {
			b.WriteString(indent + line + "\n")
		}
		line = ""
	}
	for word := range strings.FieldsSeq(printable(text)) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			flush()
		}
		for runes := []rune(word); line == "" && len(runes) > room; runes = []rune(word) {
			line, word = string(runes[:room]), string(runes[room:])
			flush()
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	flush()
}
