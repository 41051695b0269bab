package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const sumsName = "SHA256SUMS"

// sums writes SHA256SUMS in the form that "sha256sum -c" reads: of what was made, and of what others made in the same directory.
func (s *staging) sums(ctx context.Context) error {
	var lines strings.Builder
	ours := map[string]bool{}
	for _, a := range s.made {
		fmt.Fprintf(&lines, "%s  %s\n", a.SHA256, a.Name)
		ours[a.Name] = true
	}
	for _, line := range s.others(ours) {
		fmt.Fprintln(&lines, line)
	}
	return s.add(ctx, sumsName, everybody, func(w io.Writer) error {
		_, err := io.WriteString(w, lines.String())
		return err
	})
}

var sumLine = regexp.MustCompile(`^[0-9a-f]{64} [ *]([^/]+)$`)

// others are the lines of SHA256SUMS about files that are still there and were not made now. A list that cannot be read has none: it
// is made anew.
func (s *staging) others(ours map[string]bool) (lines []string) {
	path := filepath.Join(s.dir, sumsName)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > 1<<20 {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		m := sumLine.FindStringSubmatch(line)
		if m == nil || ours[m[1]] || m[1] == sumsName {
			continue
		}
		if _, err := os.Stat(filepath.Join(s.dir, m[1])); err == nil {
			lines = append(lines, line)
		}
	}
	return lines
}
