package console

import (
	"context"
	"os"
	"testing"
)

func rescued(reason string) func() brief {
	return func() brief { return brief{Rescue: &reason} }
}

func asRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a rescue shell is root's: only root can become root")
	}
}

// unguarded is a rescue of an image that says that none needs a password.
func unguarded(reason string) func() brief {
	return func() brief { return brief{Rescue: &reason, Unguarded: true} }
}

func TestRescueShell(t *testing.T) {
	asRoot(t)
	for name, shadow := range map[string]string{"locked": "root:!:::::::\n", "star": "root:*:::::::\n", "no such row": "ann:" + sesame + ":::::::\n"} {
		t.Run(name, func(t *testing.T) {
			p := newPTY(t)
			ended := p.start(map[string]string{"shadow": shadow}, quick, unguarded("worker died: \x1b[2Jboom"))
			p.expect("worker died: [2Jboom")
			p.send("echo $((6*7)) $HOME; exit\n")
			p.expect("42 /")
			if r := <-ended; !r.inside {
				t.Errorf("the session ended as %+v", r)
			}
		})
	}
}

// With a password there is no way past it: not by many tries, nor by Ctrl-C and Ctrl-D, nor by a broken passwd file.
func TestRescuePassword(t *testing.T) {
	asRoot(t)
	for name, current := range map[string]func() brief{"guarded": rescued("for a test"), "unguarded": unguarded("for a test")} {
		t.Run(name, func(t *testing.T) { asksUntilRight(t, current) })
	}
}

func asksUntilRight(t *testing.T, current func() brief) {
	p := newPTY(t)
	p.start(map[string]string{"shadow": "root:" + sesame + ":::::::\n", "passwd": "rubbish\n"}, quick, current)
	for range 4 {
		p.expect("Password of root: ")
		p.send("wrong\n")
		p.expect("Login incorrect")
	}
	for _, key := range []string{"\x03", "\x04", "\n"} {
		p.expect("Password of root: ")
		p.send(key)
	}
	p.expect("Password of root: ")
	p.send("sesame\n")
	p.send("echo $((6*7))\n")
	p.expect("42")
}

func TestRescueOnSeveral(t *testing.T) {
	tests := map[string]struct {
		// inside tells the consoles on which somebody got in; the others wait for ever or fail.
		consoles map[string]string
		want     bool
	}{
		"left on one":       {map[string]string{"tty1": "waits", "ttyS0": "leaves"}, true},
		"one can't be used": {map[string]string{"tty1": "fails", "ttyS0": "leaves"}, true},
		"none can be used":  {map[string]string{"tty1": "fails", "ttyS0": "fails"}, false},
		"no console":        {nil, false},
	}
	for name, tt := range tests {
		ctx, cancel := context.WithCancel(t.Context())
		var names []string
		for n := range tt.consoles {
			names = append(names, n)
		}
		got := rescueOn(ctx, cancel, names, func(n string) gettyResult {
			switch tt.consoles[n] {
			case "waits":
				<-ctx.Done()
				return gettyResult{inside: true}
			case "leaves":
				return gettyResult{inside: true}
			}
			return gettyResult{}
		})
		cancel()
		if got != tt.want {
			t.Errorf("%s: left %v, want %v", name, got, tt.want)
		}
	}
}
