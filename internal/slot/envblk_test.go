package slot

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// envBlock reads a block as GRUB's load_env does (grub_envblk_iterate and find_next_line in grub-core/lib/envblk.c): a backslash takes the
// next byte as it is, also the end of a line, a name ends at "=" and nowhere else, and what stands twice counts as it stands last.
func envBlock(block []byte) (values map[string]string, order []string) {
	values = map[string]string{}
	p, found := bytes.CutPrefix(block, []byte(signature))
	for found && len(p) > 0 {
		if p[0] != '#' {
			equals := bytes.IndexByte(p, '=')
			if equals < 0 {
				break
			}
			end := equals + 1
			var value []byte
			for end < len(p) && p[end] != '\n' {
				if p[end] == '\\' {
					end++
				}
				if end < len(p) {
					value = append(value, p[end])
				}
				end++
			}
			if end >= len(p) {
				break
			}
			name, _, _ := strings.Cut(string(p[:equals]), "\x00") // they are C's strings
			text, _, _ := strings.Cut(string(value), "\x00")
			values[name] = text
			order = append(order, name+"="+text)
			p = p[end:]
		}
		at := 0
		for at < len(p) && p[at] != '\n' {
			if p[at] == '\\' {
				at++
			}
			at++
		}
		p = p[min(at+1, len(p)):]
	}
	return values, order
}

// forged is a record that somebody wrote who knows how: it is altered, and its sum is right again, as Decode counts it.
func forged(random *rand.Rand) []byte {
	r := record()
	r.Slots[1].Why, r.Failed = "check.x: is late", "0123456789abcdef"
	lines := r.lines()
	words := []string{"\\", "\\\n", "\n", "#", "=", "\x00", "+", "0", "9", "start=b\n", "a=bad\n", "\nb=good", "tries=9\n", "tries=", "\\n", " ", "\xff", "\r", "x"}
	for range 1 + random.IntN(3) {
		i := random.IntN(len(lines))
		switch random.IntN(5) {
		case 0:
			at := random.IntN(len(lines[i]) + 1)
			lines[i] = lines[i][:at] + words[random.IntN(len(words))] + lines[i][at:]
		case 1:
			name, _, _ := strings.Cut(lines[i], "=")
			lines[i] = name + "=" + words[random.IntN(len(words))]
		case 2:
			lines = append(lines, lines[i])
		case 3:
			name, _, _ := strings.Cut(lines[i], "=")
			lines = append(lines, name+"="+[]string{"a", "b", "good", "next", "0", "9", "00", "+1", "-0"}[random.IntN(9)])
		case 4:
			lines[i] = words[random.IntN(len(words))] + lines[i]
		}
	}
	whole := strings.Split(strings.Join(lines, "\n"), "\n")
	text := signature + strings.Join(append(whole, "sum="+sum(whole)), "\n") + "\n"
	if len(text) > RecordSize {
		return forged(random)
	}
	return append([]byte(text), bytes.Repeat([]byte("#"), RecordSize-len(text))...)
}

// Whatever somebody writes into a record, what the init takes of it GRUB takes as well: which slot starts, how the slots are, and how many
// tries are left.
func TestRecordAsGRUBReadsIt(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for range 100_000 {
		block := forged(random)
		r, err := Decode(block)
		if err != nil {
			continue
		}
		taken++
		v, _ := envBlock(block)
		got := fmt.Sprint(v["start"], v["a"], v["b"], v["tries"])
		if want := fmt.Sprint(string(r.Start), string(r.Slots[0].State), string(r.Slots[1].State), fmt.Sprint(r.Tries)); got != want {
			t.Fatalf("the init reads %s, and GRUB %s:\n%q", want, got, block)
		}
	}
	if taken < 1000 {
		t.Errorf("only %d were records", taken)
	}
}

// The model of GRUB is as GRUB's own program.
func TestEnvBlock(t *testing.T) {
	program, file := needed.Program(t, "grub-editenv"), filepath.Join(t.TempDir(), "env")
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		block := forged(random)
		if err := os.WriteFile(file, block, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(program, file, "list").Output()
		if err != nil {
			t.Fatal(err)
		}
		_, order := envBlock(block)
		if want := strings.Join(append(order, ""), "\n"); string(out) != want {
			t.Fatalf("GRUB reads %q, and the model %q, of\n%q", out, want, block)
		}
	}
}
