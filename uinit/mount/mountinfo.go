package mount

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// Mounted is one line of /proc/self/mountinfo (proc(5)).
type Mounted struct {
	Root, Target, Type, Source string
}

// Table is what is mounted, in the order of mounting.
type Table []Mounted

// Mounts reads what is mounted in this process' namespace.
func Mounts() (Table, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("reading what is mounted: %w", err)
	}
	defer f.Close()
	return ParseTable(f)
}

// ParseTable reads the format of mountinfo and skips lines that are not in it.
func ParseTable(r io.Reader) (Table, error) {
	var table Table
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		// 36 35 98:0 /root /target rw,noatime master:1 - ext3 /dev/root rw,errors=continue
		head, tail, ok := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(head), strings.Fields(tail)
		if !ok || len(left) < 6 || len(right) < 1 {
			continue
		}
		m := Mounted{Root: unescape(left[3]), Target: unescape(left[4]), Type: right[0]}
		if len(right) > 1 {
			m.Source = unescape(right[1])
		}
		table = append(table, m)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading what is mounted: %w", err)
	}
	return table, nil
}

// At returns the topmost mount at a path, or nil.
func (t Table) At(target string) *Mounted {
	for i := len(t) - 1; i >= 0; i-- {
		// The first file system of all lies under whatever was put at / later, and is none of ours.
		if t[i].Target == target && t[i].Type != "rootfs" {
			return &t[i]
		}
	}
	return nil
}

// unescape turns \040 and its like, which stand for space, tab, newline and backslash, to what they mean.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return '0' <= c && c <= '7' }
