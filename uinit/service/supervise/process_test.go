package supervise

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// start runs a shell command as a service and returns it with its lines as they come.
func start(t *testing.T, cfg spec.Service, script string) (Process, <-chan string) {
	t.Helper()
	lines := make(chan string, 100)
	cfg.Command, cfg.Unconfined = []string{"/bin/sh", "-c", script}, true
	p, err := Launcher{Environment: os.Environ(), Output: func(_, line string) { lines <- line }}.Start("a", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, lines
}

func TestProcess(t *testing.T) {
	for _, tt := range []struct {
		script string
		exit   Exit
		lines  []string
	}{
		{"echo out; echo err >&2", Exit{}, []string{"out", "err"}},
		{"exit 3", Exit{Code: 3}, nil},
		{"kill -9 $$", Exit{Signal: syscall.SIGKILL}, nil},
		{"echo $X $HOME; pwd", Exit{}, []string{"y /root", "/"}},
		// A child that keeps the pipe open must not delay the exit.
		{"sleep 1000 & echo $0", Exit{}, []string{"/bin/sh"}},
	} {
		p, lines := start(t, spec.Service{Environment: map[string]string{"X": "y"}}, tt.script)
		if got := p.Wait(); got != tt.exit {
			t.Errorf("%s: %v, want %v", tt.script, got, tt.exit)
		}
		for _, want := range tt.lines {
			if got := <-lines; got != want {
				t.Errorf("%s: line %q, want %q", tt.script, got, want)
			}
		}
		p.Kill()
	}
}

func TestSignalsReachTheWholeGroup(t *testing.T) {
	p, lines := start(t, spec.Service{}, "sh -c 'trap \"echo child; exit\" TERM; echo ready; while :; do sleep 0.1; done' & wait; wait")
	if got := <-lines; got != "ready" {
		t.Fatal(got)
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := <-lines; got != "child" && !strings.Contains(got, "Terminated") {
		t.Errorf("the child said %q", got)
	}
	if got := p.Wait(); got.Signal != syscall.SIGTERM {
		t.Errorf("the shell ended by %v", got)
	}
}

func TestRunsAsItsUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can start a process as another user")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("no account nobody on this machine")
	}
	p, lines := start(t, spec.Service{User: "nobody"}, "id -u; id -G; echo $USER")
	p.Wait()
	for _, want := range []string{nobody.Uid, nobody.Gid, "nobody"} {
		if got := <-lines; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A program may be given open files, and an account that has no name.
func TestFilesAndAccount(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	lines := make(chan string, 10)
	l := Launcher{Environment: os.Environ(), Files: []*os.File{write}, Output: func(_, line string) { lines <- line }}
	script := "echo given >&3"
	if os.Getuid() == 0 {
		l.Account = &syscall.Credential{Uid: 70001, Gid: 70002}
		script += "; id -u; id -g; id -G"
	}
	p, err := l.Start("a", spec.Service{Unconfined: true, Command: []string{"/bin/sh", "-c", script}})
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if exit := p.Wait(); !exit.Success() {
		t.Errorf("ended with %v", exit)
	}
	if got, err := bufio.NewReader(read).ReadString('\n'); err != nil || got != "given\n" {
		t.Errorf("file 3 got %q, %v", got, err)
	}
	if l.Account == nil {
		return
	}
	for _, want := range []string{"70001", "70002", "70002"} {
		if got := <-lines; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestStartErrors(t *testing.T) {
	l := Launcher{Output: func(string, string) {}}
	for name, cfg := range map[string]spec.Service{
		"no command": {}, "no program": {Command: []string{"/no/such/program"}},
		"no account": {Command: []string{"/bin/true"}, User: "no-such-user"},
	} {
		if p, err := l.Start("a", cfg); err == nil {
			p.Kill()
			t.Errorf("%s: no error", name)
		}
	}
}

func TestBlockedOnThisMachine(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// The reader says that it is about to read; it can't say that it does, so look until it does.
	cmd := exec.Command("/bin/sh", "-c", "exec 3<>"+fifo+"; echo ready; exec cat <&3")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", cmd.Process.Pid)); err != nil {
		t.Skipf("this machine does not show system calls: %v", err)
	}
	want := "read " + fifo
	for t.Context().Err() == nil {
		if got := Blocked(cmd.Process.Pid); got == want {
			return
		}
		if state, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid)); strings.Contains(string(state), "(cat) S") {
			if got := Blocked(cmd.Process.Pid); got != want {
				t.Fatalf("Blocked = %q, want %q", got, want)
			}
			return
		}
	}
}

// proc makes a tree as in /proc.
func proc(t *testing.T, files, links map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range links {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, file); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBlocked(t *testing.T) {
	dir := proc(t, map[string]string{
		"1/task/1/syscall": "0 0x3 0x7ffc 0x10 0x0 0x0 0x0 0x7ffc 0x7f00\n",
		"2/task/2/syscall": "318 0x7ffc 0x1 0x0\n",
		"3/task/3/syscall": "61 0xffffffff 0x0 0x0\n", "3/task/3/children": "4 \n",
		"4/task/4/syscall": "230 0x0 0x0\n", "4/comm": "sleep\n",
		"5/task/5/syscall": "running\n", "5/task/5/wchan": "0",
		"6/task/6/syscall": "-1 0x0 0x0\n", "6/task/6/wchan": "rpc_wait_bit_killable",
		"7/task/7/syscall": "9999 0x0 0x0",
		"8/task/8/syscall": "61 0x0 0x0 0x0\n", "8/task/8/children": "8 ", "8/comm": "loop",
		"9/task/9/syscall": "42 0xb 0x0\n",
		// A Go program: its first thread waits for others, one of which makes a key.
		"20/task/20/syscall": "202 0x5 0x80\n", "20/task/21/syscall": "35 0x7f 0x0\n", "20/task/22/syscall": "281 0x4 0x7f\n",
		"20/task/23/syscall": "running\n", "20/task/23/stack": "[<0>] wait_for_random_bytes.part.0+0x54/0x170\n[<0>] __do_sys_getrandom+0x5c/0xe0\n",
		"20/task/24/syscall": "0 0x5 0x7f\n",
		// One thread waits for time, one for a file, one for another process.
		"30/task/30/syscall": "230 0x0 0x0\n", "30/task/31/syscall": "73 0x3 0x2\n", "30/task/100/syscall": "61 0x28 0x0\n", "30/task/100/children": "40",
		"40/task/40/syscall": "7 0x0 0x0\n", "40/comm": "child",
		// Whatever the others wait for, one runs; so does a child.
		"60/task/60/syscall": "202 0x5 0x80\n", "60/task/61/syscall": "running\n", "60/task/61/wchan": "0",
		"70/task/70/syscall": "61 0x28 0x0\n", "70/task/70/children": "60",
		// Nothing but waiting for events.
		"50/task/50/syscall": "202 0x5 0x80\n", "50/task/51/syscall": "281 0x4 0x7f\n",
	}, map[string]string{"1/fd/3": "/dev/random", "9/fd/11": "socket:[123]", "20/fd/5": "pipe:[7]", "30/fd/3": "/run/lock"})
	for pid, want := range map[int]string{
		1: "read /dev/random", 2: "getrandom: the kernel gathers entropy", 3: "sleep: sleep", 5: "",
		6: "kernel function rpc_wait_bit_killable", 7: "system call 9999",
		8: "loop: loop: loop: loop: wait for a child", 9: "connect socket:[123]", 10: "",
		20: "getrandom", 30: "lock /run/lock", 40: "poll", 50: "epoll", 60: "", 70: "",
	} {
		if got := blocked(dir, pid, 4).what; got != want {
			t.Errorf("process %d: %q, want %q", pid, got, want)
		}
	}
}

// A service starts also where its control group can't be used, and says who it is by its variables.
func TestStartsWithoutItsGroup(t *testing.T) {
	lines := make(chan string, 10)
	l := Launcher{Group: t.TempDir(), Environment: os.Environ(), Output: func(_, line string) { lines <- line }}
	p, err := l.Start("a", spec.Service{Unconfined: true, Command: []string{"/bin/sh", "-c", "echo $HOME $USER $LOGNAME"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if exit := p.Wait(); !exit.Success() {
		t.Errorf("ended with %v", exit)
	}
	if got := <-lines; got != "/root root root" {
		t.Errorf("it is %q", got)
	}
	if got := p.(*process).group; got != "" {
		t.Errorf("its group is %q, and it is not in it", got)
	}
	want := []string{"A=1", "B=1", "A=2", "C=3"}
	if got := environment([]string{"A=1", "B=1"}, map[string]string{"C": "3", "A": "2"}); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("variables %q, want %q", got, want)
	}
	for exit, want := range map[Exit]string{{}: "exit status 0", {Code: 3}: "exit status 3", {Signal: syscall.SIGTERM}: "killed by SIGTERM", {Err: os.ErrClosed}: "file already closed"} {
		if got := exit.String(); got != want || exit.Success() != (want == "exit status 0") {
			t.Errorf("%+v: %q", exit, got)
		}
	}
}

// Of threads that tell as much, the first one counts; of more than a hundred, no more are looked at. What is no number is no process.
func TestBlockedChoosesTheFirst(t *testing.T) {
	files := map[string]string{"1/task/1/syscall": "7 0x0 0x0\n", "1/task/2/syscall": "230 0x0 0x0\n", "2/task/2/children": "x 3", "2/task/2/syscall": "61 0x0", "3/task/3/syscall": "0 0x3 0x0", "3/comm": "reader\n",
		"4/task/4/syscall": "0 0x9", "5/task/5/syscall": "0", "5/task/5/wchan": "do_wait\n", "6/task/6/syscall": "x 0x1", "6/task/6/wchan": "0\n", "7/task/7/syscall": "61 0x0", "7/task/7/children": "8", "8/task/8/syscall": "running", "8/task/8/wchan": "0"}
	for i := 200; i < 299; i++ {
		files[fmt.Sprintf("200/task/%d/syscall", i)] = "230 0x0 0x0\n"
	}
	files["200/task/300/syscall"], files["200/task/301/syscall"] = "7 0x0 0x0\n", "0 0x3 0x0\n"
	dir := proc(t, files, map[string]string{"3/fd/3": "/run/pipe", "200/fd/3": "/run/late"})
	for pid, want := range map[int]string{1: "poll", 2: "reader: read /run/pipe", 4: "read", 5: "kernel function do_wait", 6: "", 7: "", 200: "sleep"} {
		if got := blocked(dir, pid, 4).what; got != want {
			t.Errorf("process %d: %q, want %q", pid, got, want)
		}
	}
	for pid, want := range map[int]int{2: 3, 7: 8, 1: 1, 99: 99} {
		if got := firstChild(dir, pid); got != want {
			t.Errorf("the first child of %d is %d, want %d", pid, got, want)
		}
	}
	table := socketTable + "   2: 00000000:FFFF 00000000:0000 0A\n   3: 00000000:1FFFF 00000000:0000 0A\n   4: 00000000:0051 00000000:0000\n"
	for port, want := range map[int]bool{65535: true, 131071: false, 81: false} {
		if got := listens(strings.NewReader(table), port); got != want {
			t.Errorf("port %d: %v", port, got)
		}
	}
}

func TestNamesOfSigns(t *testing.T) {
	for want, r := range map[string]spec.Ready{"port 80": {Port: 80}, "file /x": {File: "/x"}, "its end": {Exit: true}, "": {}} {
		if got := signOf(r); got != want {
			t.Errorf("%+v: %q", r, got)
		}
	}
	file := filepath.Join(t.TempDir(), "sign")
	if Ready(spec.Ready{File: file}) || os.WriteFile(file, nil, 0o600) != nil || !Ready(spec.Ready{File: file}) {
		t.Error("a file is no sign, or a missing one is")
	}
	for name, want := range map[spec.Signal]syscall.Signal{"": syscall.SIGTERM, "INT": syscall.SIGINT, "NOSUCH": syscall.SIGTERM, "RTMIN+3": 37, "HUP": syscall.SIGHUP} {
		if got := SignalOf(name); got != want {
			t.Errorf("%q is %v", name, got)
		}
	}
	l := restartLimit{most: 2, window: time.Minute}
	for i, tt := range []struct {
		at   time.Duration
		want bool
	}{{0, false}, {time.Second, false}, {time.Minute - 1, true}, {time.Minute, false}, {time.Minute + time.Second - 1, true}, {time.Minute + time.Second, false}} {
		if got := l.reached(time.Unix(0, 0).Add(tt.at)); got != tt.want {
			t.Errorf("restart %d after %v is one too many: %v", i, tt.at, got)
		}
	}
	if none := (restartLimit{}); none.reached(time.Now()) {
		t.Error("without a limit there is one")
	}
	for _, tt := range []struct {
		policy spec.Restart
		good   bool
		bad    bool
	}{{spec.RestartAlways, true, true}, {spec.RestartNever, false, false}, {"", false, true}, {"on-failure", false, true}} {
		if again(tt.policy, Exit{}) != tt.good || again(tt.policy, Exit{Code: 1}) != tt.bad {
			t.Errorf("policy %q has changed", tt.policy)
		}
	}
}
