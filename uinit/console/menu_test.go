package console

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func held(way spec.Login) func() brief {
	return func() brief {
		return brief{Console: spec.Console{Login: way}, Menu: true, Status: []string{"link:lan running: no \x1b[carrier"}}
	}
}

func TestMenu(t *testing.T) {
	locked, open := "root:!:::::::\n", "root:"+sesame+":::::::\n"
	type exchange struct{ send, expect string }
	for name, tt := range map[string]struct {
		shadow string
		way    spec.Login
		talk   []exchange
		want   Choice
	}{
		"look and go on": {locked, spec.LoginPassword, []exchange{{"w", "  link:lan running: no [carrier"}, {"?", "w  show what is waiting"}, {"c", "c"}}, Continue},
		"without services": {open, spec.LoginPassword, []exchange{
			{"n", "Password of root: "}, {"wrong\n", "Login incorrect"}, {"", "Password of root: "}, {"sesame\n", ""}}, NoServices},
		"nobody's root":            {locked, spec.LoginPassword, []exchange{{"n", "root has no password"}, {"s", "root has no password"}, {"c", "c"}}, Continue},
		"everybody is root anyway": {locked, spec.LoginAutologin, []exchange{{"n", "n"}}, NoServices},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPTY(t)
			ended := p.start(map[string]string{"shadow": tt.shadow}, quick, held(tt.way))
			p.expect("The boot is held.")
			p.expect("> ")
			for _, x := range tt.talk {
				if x.send != "" {
					p.send(x.send)
				}
				p.expect(x.expect)
			}
			if r := <-ended; r.choice != tt.want || r.inside {
				t.Errorf("ended as %+v, want %q", r, tt.want)
			}
		})
	}
}

// However long uinit takes to answer, a menu is no login: nobody would come by to end the hold.
func TestMenuOfABusyMachine(t *testing.T) {
	p := newPTY(t)
	answer := make(chan struct{})
	t.Cleanup(func() { close(answer) })
	first := true
	p.start(nil, quick, func() brief {
		if !first {
			<-answer
		}
		first = false
		return held(spec.LoginPassword)()
	})
	p.expect("The boot is held.")
	p.send("c")
	p.expect("> c")
}

// An answer that comes too late for its question is not taken for that to the next one.
func TestLateAnswer(t *testing.T) {
	ours, theirs, err := channel()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	a := &asker{c: theirs, replies: bufio.NewReader(theirs), owed: 1}
	says := func(text string) {
		t.Helper()
		if _, err := io.WriteString(ours, text); err != nil {
			t.Fatal(err)
		}
	}
	says("{\"menu\":true}\n")
	if b, err := a.first(time.Minute); err != nil || !b.Menu {
		t.Errorf("at first: %+v, %v", b, err)
	}
	says("{\"status\":")
	if b, err := a.brief(time.Millisecond); !errors.Is(err, errNobody) {
		t.Errorf("half an answer: %+v, %v", b, err)
	}
	says("[\"one\"]}\n{\"status\":[\"two\"]}\n")
	if b, err := a.brief(time.Minute); err != nil || !slices.Equal(b.Status, []string{"two"}) {
		t.Errorf("the second answer: %+v, %v", b, err)
	}
}

// What a menu says at its end, which is a minute after the last key where nobody chose.
func TestMenuSays(t *testing.T) {
	p := newPTY(t)
	for name, tt := range map[string]struct {
		keys string // "" : nobody comes
		err  error
		want Choice
	}{
		"nobody": {"", os.ErrDeadlineExceeded, Continue}, "after a look": {"?", os.ErrDeadlineExceeded, Continue}, "the line is gone": {"", io.EOF, 0}, "go on": {"?c", nil, Continue}, "without services": {"n", nil, NoServices},
	} {
		ours, theirs, err := channel()
		if err != nil {
			t.Fatal(err)
		}
		l, _ := atDesk(t, p, nil)
		keys := tt.keys
		l.ask.readByte = func(deadline time.Time) (byte, error) {
			if left := time.Until(deadline); left > time.Minute || left < 50*time.Second {
				t.Errorf("%s: it waits for %v", name, left)
			}
			if keys == "" {
				return 0, tt.err
			}
			key := keys[0]
			keys = keys[1:]
			return key, nil
		}
		if err := (getty{from: &asker{c: theirs}}).menu(l, spec.LoginAutologin); err == nil || tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", name, err)
		}
		theirs.Close()
		if inside, choice := converse(ours, func() brief { return brief{} }); inside || choice != tt.want {
			t.Errorf("%s: inside %v, choice %q", name, inside, choice)
		}
		ours.Close()
	}
}

// Who thinks for longer than a question may take is heard all the same.
func TestSayLater(t *testing.T) {
	for what, want := range map[byte]gettyResult{sayInside: {inside: true}, sayNoServices: {choice: NoServices}} {
		ours, theirs, err := channel()
		if err != nil {
			t.Fatal(err)
		}
		a := &asker{c: theirs}
		_ = theirs.SetDeadline(time.Unix(1, 0))
		a.say(what)
		theirs.Close()
		inside, choice := converse(ours, func() brief { return brief{} })
		ours.Close()
		if got := (gettyResult{inside: inside, choice: choice}); got != want {
			t.Errorf("said %q: %+v, want %+v", what, got, want)
		}
	}
}

func TestMenuShell(t *testing.T) {
	asRoot(t)
	p := newPTY(t)
	ended := p.start(map[string]string{"shadow": "root:" + sesame + ":::::::\n"}, quick, held(spec.LoginPassword))
	p.expect("> ")
	p.send("s")
	p.expect("Password of root: ")
	p.send("sesame\n")
	p.send("echo $((6*7)); exit\n")
	p.expect("42")
	if r := <-ended; !r.inside || r.choice != 0 {
		t.Errorf("ended as %+v", r)
	}
}

func TestAwaitKey(t *testing.T) {
	p, other := newPTY(t), newPTY(t)
	names := []string{"none", other.name, p.name}
	pressed := make(chan string)
	go func() { pressed <- AwaitKey(t.Context(), names, 'r') }()
	p.send("xyr") // no Enter; kept by the kernel until somebody listens
	if got := <-pressed; got != p.name {
		t.Errorf("pressed on %q, want %q", got, p.name)
	}
	// The terminals are as they were, and nobody is kept waiting.
	over, end := context.WithCancel(t.Context())
	end()
	if got := AwaitKey(over, names, 'r'); got != "" {
		t.Errorf("pressed on %q, but nobody did", got)
	}
	term, err := thisHost.listen(p.name)
	if err != nil {
		t.Fatal(err)
	}
	defer term.Close()
	if term.mode.Lflag&unix.ICANON == 0 {
		t.Error("the terminal was left in another mode")
	}
}
