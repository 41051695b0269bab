package bench

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

// Usage is what a command and all that it started took.
type Usage struct {
	// Wall is from start to end, CPU the user and system time of every process.
	Wall, CPU time.Duration
	// Largest is the peak resident size of the largest process, in bytes (getrusage(2)).
	Largest int64
	// Own is that of the command's own process, Together the peak of all processes at once. Both are
	// sampled every SampleEvery, so that what is gone sooner may be missed; shared pages count
	// for each that maps them, so that Together says too much rather than too little.
	Own, Together int64
}

// SampleEvery is how often memory is looked at.
const SampleEvery = 20 * time.Millisecond

// Run runs the command to its end. Its error is the command's.
func Run(cmd *exec.Cmd) (Usage, error) {
	var u Usage
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return u, err
	}
	ctx, end := context.WithCancel(context.Background())
	peaks := make(chan peak)
	go func() { peaks <- watch(ctx, cmd.Process.Pid) }()
	err := cmd.Wait()
	u.Wall = time.Since(begin)
	end()
	p := <-peaks
	u.Own, u.Together = p.own, p.together
	u.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.Largest = r.Maxrss << 10
	}
	return u, err
}
