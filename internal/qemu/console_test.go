package qemu

import (
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// line makes a console and the guest's end of its line.
func line(t *testing.T) (*Console, net.Conn) {
	t.Helper()
	host, guest := net.Pipe()
	t.Cleanup(func() { guest.Close(); host.Close() })
	return NewConsole("ttyS0", host, time.Now()), guest
}

func TestExpect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, guest := line(t)
		go io.WriteString(guest, "login: ")
		groups, err := c.Expect(t.Context(), regexp.MustCompile(`(log)in: $`))
		if err != nil || !slices.Equal(groups, []string{"login: ", "log"}) {
			t.Fatalf("Expect = %q, %v", groups, err)
		}
		go c.Send("root\n")
		typed := make([]byte, 5)
		if _, err := io.ReadFull(guest, typed); err != nil || string(typed) != "root\r" {
			t.Errorf("the guest read %q, %v", typed, err)
		}
		// What was matched once is not matched again.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Expect(ctx, regexp.MustCompile(`login`))
		var notSeen *NotSeenError
		if !errors.As(err, &notSeen) || !errors.Is(err, context.DeadlineExceeded) || !slices.Equal(notSeen.Last, []string{"login:"}) {
			t.Errorf("second Expect = %v", err)
		}
		// But from the start it is there.
		if _, end, err := c.ExpectAfter(t.Context(), 0, regexp.MustCompile(`login`)); err != nil || end != 5 {
			t.Errorf("ExpectAfter = %d, %v", end, err)
		}
		guest.Close()
		if _, err = c.Expect(t.Context(), regexp.MustCompile(`x`)); !errors.Is(err, io.EOF) {
			t.Errorf("Expect after the end = %v", err)
		}
	})
}

func TestTranscriptHasTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, guest := line(t)
		io.WriteString(guest, "one\r\ntw")
		time.Sleep(2 * time.Second)
		io.WriteString(guest, "o\r\n\r\nthree")
		synctest.Wait()
		want := []Line{{0, "one"}, {0, "two"}, {2 * time.Second, ""}, {2 * time.Second, "three"}}
		if got := c.Transcript(); !slices.Equal(got, want) {
			t.Errorf("Transcript() = %v, want %v", got, want)
		}
		if got := c.Tail(2); !slices.Equal(got, []string{"two", "three"}) {
			t.Errorf("Tail(2) = %q", got)
		}
	})
}

// A guest that prints for ever does not fill the host's memory, and what is
// waited for is still found.
func TestTranscriptIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, guest := line(t)
		noise := []byte(strings.Repeat("all work and no play\r\n", 1000))
		for range 3 * keep / len(noise) {
			guest.Write(noise)
		}
		synctest.Wait()
		if n := len(c.Text()); n > keep {
			t.Errorf("%d bytes kept, want at most %d", n, keep)
		}
		if lines := c.Transcript(); lines[len(lines)-1].Text != "all work and no play" {
			t.Errorf("last line is %q", lines[len(lines)-1].Text)
		}
		go guest.Write([]byte("here's Johnny"))
		_, end, err := c.ExpectAfter(t.Context(), 0, regexp.MustCompile("Johnny"))
		if err != nil || end < 2*keep {
			t.Errorf("ExpectAfter = %d, %v", end, err)
		}
	})
}

func TestTee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, guest := line(t)
		io.WriteString(guest, "early\r\n")
		synctest.Wait()
		var copied strings.Builder
		stop := c.Tee(&copied)
		io.WriteString(guest, "\x1b[1mlate\r\n")
		synctest.Wait()
		stop()
		io.WriteString(guest, "too late\r\n")
		synctest.Wait()
		if want := "early\r\n\x1b[1mlate\r\n"; copied.String() != want {
			t.Errorf("copied %q, want %q", copied.String(), want)
		}
	})
}

func TestClean(t *testing.T) {
	for raw, want := range map[string]string{
		"a\r\nb\tc": "a\nb\tc",
		"\x1bc\x1b[?7l\x1b[2J\x1b[01;31mred\x1b[0m": "red",
		"\x1b]0;title\x07x\x1b]0;t\x1b\\y":          "xy",
		"\x1b(B\x1b)0z":                             "z",
		"\a\b\x00\x7f":                              "",
		"größer":                                    "größer",
	} {
		var whole, bytewise cleaner
		if got := string(whole.clean([]byte(raw))); got != want {
			t.Errorf("clean(%q) = %q, want %q", raw, got, want)
		}
		var got []byte
		for i := range len(raw) {
			got = append(got, bytewise.clean([]byte{raw[i]})...)
		}
		if string(got) != want {
			t.Errorf("clean(%q), a byte at a time, = %q, want %q", raw, got, want)
		}
	}
}

// However a stream is cut, the text is the same and holds no control character.
func FuzzClean(f *testing.F) {
	f.Add([]byte("\x1b[2Jlogin: \x1b]0;t\x07\r\n"), 3)
	f.Fuzz(func(t *testing.T, raw []byte, cut int) {
		cut = min(max(cut, 0), len(raw))
		var whole, parts cleaner
		want := whole.clean(raw)
		if got := append(parts.clean(raw[:cut]), parts.clean(raw[cut:])...); string(got) != string(want) {
			t.Errorf("cut at %d: %q, whole: %q", cut, got, want)
		}
		for _, b := range want {
			if b < 0x20 && b != '\n' && b != '\t' {
				t.Errorf("control character %#x in %q", b, want)
			}
		}
	})
}
