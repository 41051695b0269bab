package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTerminal(t *testing.T) {
	b := newBox(t, nil)
	local, err := openTerminal(b.server.etc, account{uid: uint32(os.Getuid()), gid: uint32(os.Getgid())},
		terminalRequest{Columns: 123, Rows: 45})
	if err != nil {
		t.Fatal(err)
	}
	cmd := b.ssh("me", "good", "-t", `stty size; trap 'stty size; exit 3' WINCH; echo $TERM; while :; do sleep 0.1; done`)
	cmd.Env = append(os.Environ(), "TERM=vt102")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = local.slave, local.slave, local.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	local.slave.Close()
	seen := &journal{}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		buf := make([]byte, 4096)
		for {
			n, err := local.master.Read(buf)
			_, _ = seen.Write(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	await(t, "the first size and the kind", func() bool { return strings.Contains(seen.String(), "45 123\r\nvt102\r\n") })
	if err := local.resize(windowSize{Columns: 100, Rows: 30}); err != nil {
		t.Fatal(err)
	}
	await(t, "the second size", func() bool { return strings.Contains(seen.String(), "30 100\r\n") })
	_ = cmd.Wait()
	if cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("status %d, want 3", cmd.ProcessState.ExitCode())
	}
	<-copied
}

// A login shell with job control, as people use it.
func TestLoginShell(t *testing.T) {
	b := newBox(t, nil)
	b.write("me/.bash_profile", "PS1='box> '; echo profile\n")
	cmd := b.ssh("me", "good", "-tt")
	cmd.Env = append(os.Environ(), "TERM=dumb") // no escape sequences around the prompt
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	seen := &journal{}
	cmd.Stdout, cmd.Stderr = seen, seen
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := 0 // what earlier steps have seen
	for _, step := range []struct{ expect, send string }{
		// What is echoed is not yet what is printed: hence the quotes.
		{"profile\r\nbox> ", "sh -c 'echo run\"\"ning; exec sleep 1000'\n"},
		{"running\r\n", "\x1a"},
		{"Stopped", "jobs; kill %1; echo $0 $-\n"},
		{"-bash himB", "sh -c 'echo run\"\"ning; exec sleep 1000'\n"},
		{"running\r\n", "\x03"},
		{"^C", ""},
		{"box> ", "exit 7\n"}, // what is typed before may be lost to the interrupt
	} {
		await(t, step.expect, func() bool {
			_, rest, found := strings.Cut(seen.String()[read:], step.expect)
			if found {
				read = len(seen.String()) - len(rest)
			}
			return found
		})
		if _, err := in.Write([]byte(step.send)); err != nil {
			t.Fatal(err)
		}
	}
	_ = cmd.Wait()
	if cmd.ProcessState.ExitCode() != 7 || !strings.HasPrefix(seen.String(), "Welcome to the test.\r\n") {
		t.Errorf("status %d, output:\n%s", cmd.ProcessState.ExitCode(), seen)
	}
}

// What a client started ends with it, however the client goes.
func TestProgramsEndWithTheirClient(t *testing.T) {
	t.Parallel() // the deaf one has its time
	b := newBox(t, nil)
	for name, args := range map[string][]string{
		"pipes": {"echo $$; sleep 1000; echo late"},
		// Deaf to the hang-up, so that it has to be killed.
		"deaf":     {"trap '' HUP TERM; echo $$; while :; do sleep 1; done"},
		"terminal": {"-tt", "echo $$; sleep 1000; echo late"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := b.ssh("me", "good", args...)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var pid int
			if _, err := fmt.Fscanln(out, &pid); err != nil {
				t.Fatal(err)
			}
			if !alive(pid) {
				t.Fatalf("process %d is not there", pid)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			await(t, "the end of process "+strconv.Itoa(pid), func() bool { return !alive(pid) })
			_ = cmd.Wait()
		})
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	helper := filepath.Join(dir, "sftp-server")
	if out, err := exec.Command("go", "build", "-o", helper, "../sftp-server").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b := newBox(t, func(s *server) { s.sftp = helper })
	content := bytes.Repeat([]byte("all the same bytes? no: "+b.dir), 50000)
	file := filepath.Join(b.dir, "file")
	if err := os.WriteFile(file, content, 0o640); err != nil {
		t.Fatal(err)
	}
	for name, flag := range map[string]string{"sftp": "-s", "scp": "-O"} {
		remote := "me@127.0.0.1:" + name
		args := append(b.options("good"), "-q", "-p", flag, "-P", b.port)
		back := filepath.Join(b.dir, "back-"+name)
		for _, pair := range [][]string{{file, remote}, {remote, back}} {
			if out, err := exec.Command("scp", append(args, pair...)...).CombinedOutput(); err != nil {
				t.Fatalf("scp %s %v: %v\n%s", flag, pair, err, out)
			}
		}
		got, err := os.ReadFile(back)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes came back, want %d (%v)", name, len(got), len(content), err)
		}
		if info, err := os.Stat(filepath.Join(b.dir, "me", name)); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestModes(t *testing.T) {
	m := unix.Termios{Iflag: unix.ICRNL, Lflag: unix.ECHO}
	// VERASE = ^H, VEOL off, ECHO off, IUTF8 on, speed, end, and what nobody may read.
	applyModes(&m, "\x03\x00\x00\x00\x08"+"\x06\x00\x00\x00\xff"+"\x35\x00\x00\x00\x00"+"\x2a\x00\x00\x00\x01"+"\x80\x00\x00\x96\x00"+"\x00"+"\x24\x00\x00\x00\x00")
	if m.Cc[unix.VERASE] != 8 || m.Cc[unix.VEOL] != 0 || m.Lflag != 0 || m.Iflag != unix.ICRNL|unix.IUTF8 {
		t.Errorf("got %+v", m)
	}
}

func FuzzModes(f *testing.F) {
	f.Add("\x03\x00\x00\x00\x08\x00")
	f.Fuzz(func(t *testing.T, modes string) { applyModes(&unix.Termios{}, modes) })
}
