package qemu

import (
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The kernel writes on a console whenever it likes, in between what others write there.
func TestExpectBesideTheKernel(t *testing.T) {
	const prompt, late = `login: $`, "[   70.490985] uinit: link:lan ok 1.1s\n"
	for _, tt := range []struct {
		re, text string
		from     int
		groups   []string // nil where there is no match
		end      int
	}{
		{prompt, "box login: ", 0, []string{"login: "}, 11},
		{prompt, "box login: " + late, 0, []string{"login: "}, 11},
		{prompt, "box login: " + late[:20], 0, []string{"login: "}, 11},
		{prompt, "box login: " + late[:10], 0, nil, 0}, // it may become anything
		{prompt, "box login: " + late + late, 0, []string{"login: "}, 11},
		{prompt, "box lo" + late + late + "gin: ", 0, []string{"login: "}, 11 + 2*len(late)},
		{prompt, "box lo" + late + "gin: " + late, 0, []string{"login: "}, 11 + len(late)},
		{prompt, late + "box login: ", len(late), []string{"login: "}, len(late) + 11},
		{prompt, "box login: " + late, 11, nil, 0}, // that one was seen already
		{prompt, "box login: [    1.000000][   T42] a\n", 0, []string{"login: "}, 11},
		{prompt, "box login: [12345.000000][C0] a\n", 0, []string{"login: "}, 11},
		{prompt, "box login: ** 7 printk messages dropped **\n" + late, 0, []string{"login: "}, 11},
		{prompt, "box login: [sic] ", 0, nil, 0},
		{prompt, "box login: root\n" + late, 0, nil, 0},
		{prompt, "box login: " + late + "root\nPassword: ", 0, nil, 0}, // somebody is on the way in
		{`w\n[\s\S]*> $`, "> w" + late + "\n  a\n> " + late, 0, []string{"w\n  a\n> "}, len("> w" + late + "\n  a\n> ")},
		{`b\nc`, "a\nb\n" + late + "c\n", 0, []string{"b\nc"}, 4 + len(late) + 1},
		{`a\n$`, "a\n" + late + late, 0, []string{"a\n"}, 2},
		// What the kernel writes is expected, too.
		{`(link:\S+) ok`, "box login: " + late, 0, []string{"link:lan ok", "link:lan"}, 11 + 33},
		{`link:lan ok[\s\S]* (login): $`, late + "box lo" + late + "gin: " + late, 0, []string{"link:lan ok 1.1s\nbox login: ", "login"}, 2*len(late) + 11},
		{`ok 1.1s\nbox login: $`, late + "box login: " + late, 25, []string{"ok 1.1s\nbox login: "}, len(late) + 11},
		{`^box`, late + "box", 25, []string{"box"}, len(late) + 3}, // from the middle of its line
		{`(x)?box$`, late + "box" + late, 0, []string{"box", ""}, len(late) + 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, guest := line(t)
			io.WriteString(guest, tt.text)
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			groups, end, err := c.ExpectAfter(ctx, tt.from, regexp.MustCompile(tt.re))
			if !slices.Equal(groups, tt.groups) || end != tt.end || (err == nil) != (tt.groups != nil) || err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%q in %q from %d: %q to %d, %v; want %q to %d", tt.re, tt.text, tt.from, groups, end, err, tt.groups, tt.end)
			}
		})
	}
}

// A prompt that the kernel overtook is seen however much was printed before, and what the kernel wrote is found after it.
func TestExpectInALongTranscript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, guest := line(t)
		const late = "[   70.490985] uinit: link:lan ok 1.1s\n"
		noise := []byte(strings.Repeat("box lo"+late+"se: "+late, 1000))
		for range 2 * keep / len(noise) {
			guest.Write(noise)
		}
		io.WriteString(guest, "box lo"+late+"gin: "+strings.TrimSpace(late))
		synctest.Wait()
		for _, want := range []string{`login: $`, `link:lan ok 1.1s$`} {
			if _, err := c.Expect(t.Context(), regexp.MustCompile(want)); err != nil {
				t.Error(err)
			}
		}
	})
}
