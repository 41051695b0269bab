package check

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/imgbuild/imgbuild/internal/colour"
	"github.com/imgbuild/imgbuild/internal/shown"
)

// width of the table in columns.
const width = 80

// WriteTable writes the results for a person, at most 80 columns wide.
func WriteTable(w io.Writer, r Results, paint colour.Paint) error {
	var b strings.Builder
	for _, c := range r.Checks {
		b.WriteString(Row(c, paint))
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
	verdict := paint.Good("PASS")
	if !r.Passed() {
		verdict = paint.Bad("FAIL")
	}
	fmt.Fprintf(&b, "%s: %d of %d checks passed in %.1f s, %.1f CPU s\n",
		verdict, len(r.Checks)-r.failed(), len(r.Checks), r.Took, r.CPU)
	_, err := io.WriteString(w, b.String())
	return err
}

// Row is a check's part of the table: a line, and what went wrong below it.
func Row(c Result, paint colour.Paint) string {
	word := paint.Bad("FAILED ")
	switch {
	case c.Passed:
		word = paint.Good("ok     ")
	case c.Skipped:
		word = "skipped"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %7.1f s  %s\n", word, c.Seconds, cut(c.Name, width-19))
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

// writeWrapped breaks text at blanks.
func writeWrapped(b *strings.Builder, indent, text string) {
	for _, line := range shown.Wrap(printable(text), width-len(indent)) {
		b.WriteString(indent + line + "\n")
	}
}
