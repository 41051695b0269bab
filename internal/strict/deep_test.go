package strict

import (
	"errors"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
)

// What goes deeper than anything that the schema knows is refused at its place, before it costs time and memory that grow with the
// square of it; brackets and dots in strings and comments count for nothing.
func TestTooDeep(t *testing.T) {
	const n = 200_000
	for name, tt := range map[string]struct {
		text      string
		line, col int
	}{
		"lists":       {"a = 1\nx = " + strings.Repeat("[", n) + strings.Repeat("]", n), 2, 69},
		"tables":      {"x = " + strings.Repeat("{a=", n) + "1" + strings.Repeat("}", n), 1, 197},
		"dotted key":  {strings.Repeat("a.", n) + "a = 1", 1, 130},
		"table":       {"[" + strings.Repeat("a.", n) + "a]", 1, 129},
		"never ended": {"x = " + strings.Repeat("[", n), 1, 69},
	} {
		_, err := Parse("box.toml", []byte(tt.text))
		var problems problem.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Pos.Line != tt.line || problems[0].Pos.Col != tt.col {
			t.Errorf("%s: %v", name, problems)
		}
	}
	for name, text := range map[string]string{
		"64 lists":   "x = " + strings.Repeat("[", deepest) + strings.Repeat("]", deepest),
		"string":     `x = "` + strings.Repeat("[.", n) + `"`,
		"literal":    `x = '` + strings.Repeat("[.", n) + `'`,
		"long":       "x = '''\n" + strings.Repeat("{.\n", n/20) + "'''",
		"comment":    "# " + strings.Repeat("[.", n) + "\nx = 1",
		"many lists": "x = [" + strings.Repeat("[1.5], ", n/20) + "]",
		"many keys":  strings.Repeat("[[a.b]]\nx.y = 1.5\n", 1000),
	} {
		if _, err := Parse("box.toml", []byte(text)); err != nil {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}
