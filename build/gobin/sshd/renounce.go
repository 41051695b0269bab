package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/seccomp"
)

const (
	// speakerHeap is how many bytes the collector lets a speaker have, if it can; speakerData is what the kernel gives it at
	// most: Go takes memory from it in pieces of 64 MiB.
	speakerHeap = 32 << 20
	speakerData = 192 << 20
	// speakerFiles is enough for maxSessions; speakerTasks are threads, for processes it makes none.
	speakerFiles = 128
	speakerTasks = 64
)

// renounce gives up what is left of a speaker's rights. An account that owns nothing, an empty root and the lack of capabilities it
// was born with (see nursery); what was needed to start, it gives up here: the folder it came from, memory and files beyond
// bounds, and nearly all of the kernel's calls.
func renounce() error {
	if err := unix.Chdir("/"); err != nil {
		return fmt.Errorf("leaving the folder it was started in: %w", err)
	}
	debug.SetMemoryLimit(speakerHeap)
	var failed []error
	for which, most := range map[int]uint64{
		unix.RLIMIT_DATA: speakerData, unix.RLIMIT_NOFILE: speakerFiles, unix.RLIMIT_NPROC: speakerTasks,
		unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0, unix.RLIMIT_MEMLOCK: 0, unix.RLIMIT_MSGQUEUE: 0,
	} {
		failed = append(failed, unix.Setrlimit(which, &unix.Rlimit{Cur: most, Max: most}))
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("limiting it: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("hiding its memory: %w", err)
	}
	if err := seccomp.Open(unix.SYS_RECVMSG, unix.SYS_SENDMSG).Process(); err != nil {
		return fmt.Errorf("filtering system calls: %w", err)
	}
	return nil
}
