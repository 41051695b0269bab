package qemu

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script makes a program that stands for QEMU.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qemu")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStartErrors(t *testing.T) {
	t.Run("QEMU is not installed", func(t *testing.T) {
		_, err := Start(t.Context(), Config{Binary: "qemu-system-none"})
		var missing *MissingError
		if !errors.As(err, &missing) || missing.Package != "qemu-system-x86" {
			t.Errorf("Start = %v", err)
		}
	})
	t.Run("no firmware", func(t *testing.T) {
		_, err := Start(t.Context(), Config{Firmware: UEFI, FirmwareCode: "/nonexistent.fd"})
		var missing *MissingError
		if !errors.As(err, &missing) || missing.Package != "ovmf" {
			t.Errorf("Start = %v", err)
		}
	})
	t.Run("QEMU ends early", func(t *testing.T) {
		_, err := Start(t.Context(), Config{Binary: script(t, "echo Could not open x.img >&2; exit 1"), Serials: 1})
		var refused *StartError
		if !errors.As(err, &refused) || refused.Exit.Status != 1 || refused.Exit.Stderr != "Could not open x.img" {
			t.Errorf("Start = %v", err)
		}
	})
	t.Run("QEMU does not connect", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		// The child of the script has to go too, or stderr stays open.
		_, err := Start(ctx, Config{Binary: script(t, "sleep 60 & wait")})
		var refused *StartError
		if !errors.As(err, &refused) || !errors.Is(err, context.DeadlineExceeded) || refused.Exit.Took > 30*time.Second {
			t.Errorf("Start = %v", err)
		}
	})
}

// Nothing is left behind, whatever TMPDIR is.
func TestStartTidiesUp(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	if err := os.Mkdir(long, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	ch, err := listen([]string{channelMonitor, "ttyS0"})
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(ch.dir.Path) != "/tmp" {
		t.Errorf("sockets are in %s, whose path is too long", ch.dir.Path)
	}
	ch.close()
	if _, err := os.Stat(ch.dir.Path); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", ch.dir.Path, err)
	}
	if left, _ := os.ReadDir(long); len(left) != 0 {
		t.Errorf("left in TMPDIR: %v", left)
	}
}

// The end of the context kills the whole group: a pipe that QEMU and its child
// hold open ends.
// TestMain lets the test binary be a process that runs a QEMU, until it is killed.
func TestMain(m *testing.M) {
	if program := os.Getenv(runnerEnv); program != "" {
		if _, err := startProcess(context.Background(), program, nil, nil); err != nil {
			panic(err)
		}
		select {}
	}
	os.Exit(m.Run())
}

const runnerEnv = "QEMU_TEST_RUN"

func TestQEMUEndsWithUs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	us := exec.Command(os.Args[0])
	us.Env = append(os.Environ(), runnerEnv+"="+script(t, "exec 3>"+path+"; echo up >&3; sleep 1000 & while :; do wait; done"))
	if err := us.Start(); err != nil {
		t.Fatal(err)
	}
	defer us.Wait()
	defer us.Process.Kill()
	pipe, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if _, err := io.ReadFull(pipe, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	if err := us.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := pipe.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(pipe); err != nil || len(rest) != 0 {
		t.Errorf("QEMU or its child runs on: %q, %v", rest, err)
	}
}

func TestLimitKillsGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("time over")
	p, err := startProcess(ctx, script(t, "exec 3>"+path+"; sleep 60 & echo up >&3; wait"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if _, err := io.ReadFull(pipe, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	cancel(cause)
	if rest, err := io.ReadAll(pipe); err != nil || len(rest) != 0 || time.Since(begun) > 30*time.Second {
		t.Errorf("read %q, %v after %s", rest, err, time.Since(begun))
	}
	<-p.done
	if p.exit.Status != 137 || p.exit.Killed != cause {
		t.Errorf("exit = %+v", p.exit)
	}
}
