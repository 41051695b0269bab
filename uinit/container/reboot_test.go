package container

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/plan"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// A system that restarts all the time is paused more and more, and can be stopped meanwhile.
func TestRestartStorm(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	b := boot(t, map[string]spec.Container{"sys": {System: true, Command: []string{"/bin/reboot", "-f"}, RestartDelay: spec.Duration(50 * time.Millisecond), Restart: spec.RestartNever}})
	one := b.all["sys"]
	if _, err := one.terminal.Listen(consoleSocket("sys")); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	go func() { _ = b.begin(t.Context(), one) }()
	reboots := func() int {
		n, _ := featuretest.Fact(b.Deps, plan.Reboots.Of("sys").Name).(int)
		return n
	}
	for reboots() < 5 { // after 50, 100, 200, 400 and 800 ms
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("it restarted %d times, and is %s: %v", reboots(), one.service.State(), one.trouble())
		}
		time.Sleep(time.Millisecond)
	}
	if took := time.Since(begin); took < 1550*time.Millisecond {
		t.Errorf("it restarted 5 times within %v", took)
	}
	begin = time.Now()
	if err := b.end(t.Context(), one); err != nil || time.Since(begin) > 5*time.Second {
		t.Errorf("stopping took %v: %v", time.Since(begin), err)
	}
}

// What ends a container never ends whoever has the number of its first process by then.
func TestNumbersOfTheDead(t *testing.T) {
	const last = "/proc/sys/kernel/ns_last_pid"
	if unix.Access(last, unix.W_OK) != nil {
		t.Skip("this kernel lets nobody choose the number of a process")
	}
	one := &container{}
	dead := exec.Command("/bin/sleep", "1000")
	if err := dead.Start(); err != nil {
		t.Fatal(err)
	}
	pid := dead.Process.Pid
	one.setNow(pid, time.Now())
	_ = dead.Process.Kill()
	_ = dead.Wait()
	for range 1000 { // others start processes, too
		if err := os.WriteFile(last, []byte(strconv.Itoa(pid-1)), 0); err != nil {
			t.Skipf("nobody here chooses the number of a process: %v", err)
		}
		other := exec.Command("/bin/sleep", "1000")
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		if other.Process.Pid != pid {
			_ = other.Process.Kill()
			_ = other.Wait()
			continue
		}
		sent, err := one.signal(unix.SIGKILL)
		if !sent || err == nil {
			t.Errorf("the number's owner was sent a signal: %v, %v", sent, err)
		}
		ended := make(chan error, 1)
		go func() { ended <- other.Wait() }()
		select {
		case err := <-ended:
			t.Errorf("who has the number now was ended: %v", err)
		case <-time.After(50 * time.Millisecond):
			_ = other.Process.Kill()
			<-ended
		}
		return
	}
	t.Skipf("nobody got the number %d again", pid)
}
