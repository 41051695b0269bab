package syslog

import (
	"context"
	"errors"
	"fmt"
	"log/syslog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseLocal(t *testing.T) {
	for text, want := range map[string]string{
		"<38>Nov  9 10:11:12 smbd[812]: session opened": "4 6 smbd session opened",
		"<13>Jan 31 00:00:00 root: a word":              "1 5 root a word",
		"<30>dnsmasq: no time":                          "3 6 dnsmasq no time",
		"no priority, no name":                          "1 6 user no priority, no name",
		"<0>kernel: a lie":                              "1 0 user a lie",
		"<27>uinit: another":                            "3 3 user another",
		"<999>x: y":                                     "1 6 <999>x y",
		"<191>a: b":                                     "23 7 a b",
		"<192>a: b":                                     "1 6 <192>a b",
		"<13>x: \x1b[31mred":                            "1 5 x  [31mred",
		"":                                              "1 6 user ",
	} {
		r := parseLocal([]byte(text))
		if got := fmt.Sprintf("%d %d %s %s", r.Facility, r.Severity, r.Program, r.Message); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// local is a ring that takes in what is said at a socket.
func local(t *testing.T) (r *Ring, link string) {
	t.Helper()
	dir := t.TempDir()
	link = filepath.Join(dir, "log")
	if err := os.WriteFile(filepath.Join(dir, "sock"), nil, 0o600); err != nil { // of a run before
		t.Fatal(err)
	}
	l, err := ListenLocal(filepath.Join(dir, "sock"), link)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	r = NewRing(64 << 20)
	go func() { over <- r.KeepLocal(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-over; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return r, link
}

// What a library for syslog says is in the ring, by whom it is as the kernel says.
func TestKeepLocal(t *testing.T) {
	r, link := local(t)
	w, err := syslog.Dial("unixgram", link, syslog.LOG_AUTH|syslog.LOG_ERR, "guard")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Err("somebody came"); err != nil {
		t.Fatal(err)
	}
	records, _, err := r.Next(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	got := records[0]
	if got.Program != "guard" || got.Message != "somebody came" || got.Severity != 3 || got.Facility != 4 || got.PID != os.Getpid() {
		t.Errorf("%+v", got)
	}
	if info, err := os.Stat(link); err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// One who says more than anybody reads drives out a part of what others said, and is told of.
func TestLocalFlood(t *testing.T) {
	r, link := local(t)
	conn, err := net.Dial("unixgram", link)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * localBurst {
		if _, err := fmt.Fprintf(conn, "<13>flood: %d", i); err != nil {
			t.Fatal(err)
		}
	}
	for seq, told := uint64(0), false; !told; { // the bucket fills again, and the next record says what was lost
		if _, err := fmt.Fprint(conn, "<13>flood: more"); err != nil {
			t.Fatal(err)
		}
		records, _ := r.Since(seq) // of what was just said there may be none
		for _, rec := range records {
			seq = rec.Seq
			told = told || rec.Program == "uinit" && strings.HasSuffix(rec.Message, fmt.Sprintf("of the account %d were too many", os.Getuid()))
		}
	}
	if n := len(talkersOf(1000)); n > localAccounts+1 {
		t.Errorf("%d accounts are remembered", n)
	}
}

func talkersOf(n uint32) talkers {
	all := talkers{}
	for uid := range n {
		all.of(uid)
	}
	return all
}

func FuzzParseLocal(f *testing.F) {
	f.Add([]byte("<38>Nov  9 10:11:12 smbd[812]: session opened"))
	f.Add([]byte("<0>kernel: \xff\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := parseLocal(b)
		if r.Program == "" || r.Program == "kernel" || r.Program == "uinit" || r.Facility < User || r.Facility > 23 || r.Severity < 0 || r.Severity > 7 {
			t.Errorf("%+v", r)
		}
		if strings.ContainsAny(r.Message, "\n\x1b\x00") || len(r.Message) > maxMessage {
			t.Errorf("%q", r.Message)
		}
	})
}
