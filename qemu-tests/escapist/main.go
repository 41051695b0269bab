// Escapist tries to get out of the container that it runs in, one way an argument, or all of them without one, and says in a line of JSON
// each how the kernel answered. What a way does where it works leaves the machine as it was.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ways are tries by name, none of which does more than show that it can be done; nil: it can.
var ways = map[string]func() error{}

// loads are what takes from others what all share; they go on until they are ended, or are refused.
var loads = map[string]func(args []string) error{}

// patience is how long one way may take.
const patience = 20 * time.Second

// tried is a line of what is printed: Errno is a name such as EPERM, "" where the way is open, or what else it met.
type tried struct {
	Way, Errno string
}

func main() {
	args := os.Args[1:]
	if len(args) > 0 && loads[args[0]] != nil {
		if err := loads[args[0]](args[1:]); err != nil {
			fmt.Println(args[0], "ends:", err)
			os.Exit(1)
		}
		return
	}
	if len(args) == 0 {
		for way := range ways {
			args = append(args, way)
		}
		slices.Sort(args)
	}
	for _, way := range args {
		line, _ := json.Marshal(tried{way, apart(way)}) // two words
		fmt.Println(string(line))
	}
	fmt.Println("tried")
}

// apart tries a way on a thread of its own, whose mounts and root are its own where that may be, and which ends with it.
func apart(way string) string {
	if ways[way] == nil {
		return "unknown"
	}
	met := make(chan string, 1)
	go func() {
		runtime.LockOSThread() // never unlocked
		_ = unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS)
		if err := ways[way](); err != nil {
			met <- name(err)
			return
		}
		met <- ""
	}()
	select {
	case errno := <-met:
		return errno
	case <-time.After(patience):
		return "no answer"
	}
}

// name is an errno's, or what an error says.
func name(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) && errno != 0 {
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

// call is a system call as a way: what it returns besides an error is put away with the process.
func call(number uintptr, args ...uintptr) error {
	_, err := answer(number, args...)
	return err
}

func answer(number uintptr, args ...uintptr) (uintptr, error) {
	all := [6]uintptr{}
	copy(all[:], args)
	n, _, errno := unix.Syscall6(number, all[0], all[1], all[2], all[3], all[4], all[5])
	if errno != 0 {
		return n, errno
	}
	return n, nil
}

// any is nil where one of several tries worked, and else what the last of them met.
func any(tries ...error) error {
	if slices.Contains(tries, nil) || len(tries) == 0 {
		return nil
	}
	return tries[len(tries)-1]
}
