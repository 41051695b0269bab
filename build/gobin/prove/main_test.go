package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// fake answers as uinit does.
type fake struct {
	mu    sync.Mutex
	units map[string]string // by name, the state
	facts map[string]any
	asked int
	// news is called with each question, mu held.
	news func(*fake)
}

func (f *fake) serve(t *testing.T) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "uinit.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.answer(c)
		}
	}()
	return socket
}

func (f *fake) answer(c net.Conn) {
	defer c.Close()
	question, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.news != nil {
		f.news(f)
	}
	out := json.NewEncoder(c)
	for name, state := range f.units {
		if question == "status\n" {
			_ = out.Encode(report.Event{Kind: report.KindUnit, Name: name, State: state})
		}
	}
	for name, value := range f.facts {
		if question == "facts\n" {
			_ = out.Encode(report.Event{Kind: report.KindFact, Name: name, Value: value})
		}
	}
}

// proving runs prove for these checks.
func proving(t *testing.T, f *fake, checks map[string]check.Check, args ...string) (status int, results map[string]check.Result, errs string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("prove is root's")
	}
	text, err := json.Marshal(checks)
	if err != nil {
		t.Fatal(err)
	}
	d, err := json.Marshal(spec.Description{Proof: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "machine.json")
	if err := os.WriteFile(file, d, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, bad bytes.Buffer
	status = prover{machine: file, socket: f.serve(t), out: &out, errs: &bad}.run(append(args, "-json"))
	results = map[string]check.Result{}
	for lines := json.NewDecoder(&out); lines.More(); {
		var r check.Result
		if err := lines.Decode(&r); err != nil {
			t.Fatalf("%v in %s", err, out.String())
		}
		results[r.Name] = r
	}
	return status, results, bad.String()
}

func within(d time.Duration) spec.Duration { return spec.Duration(d) }

// booted is a machine whose boot is over.
func booted() *fake {
	return &fake{units: map[string]string{"online:lan": "ok", "mount:/srv": "failed"}, facts: map[string]any{"boot.state": "degraded", "boot.seconds": 2.5, "link.lan.addresses": []string{"192.0.2.7"}}}
}

func TestAllPass(t *testing.T) {
	f := booted()
	status, results, errs := proving(t, f, map[string]check.Check{
		"unit": {Unit: "online:lan"}, "fact": {Fact: "link.lan.addresses", Matches: "^192\\.0\\.2\\.", After: "unit"}, "number": {Fact: "boot.seconds", Equals: 2.5},
		"command": {Command: []string{"sh", "-c", "pwd; echo $0 \"$1\"", "a", "b c"}, Output: "^/\na b c\n$"}, "refused": {Command: []string{"false"}, Exit: 1},
	})
	if status != passed || len(results) != 5 || errs != "" {
		t.Errorf("%d, %+v, %s", status, results, errs)
	}
	for name, r := range results {
		if !r.Passed || r.Message != "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Each way to fail is told, in time, and what comes after is not tried.
func TestFailures(t *testing.T) {
	begin := time.Now()
	status, results, _ := proving(t, booted(), map[string]check.Check{
		"unit":   {Unit: "mount:/srv"},
		"absent": {Unit: "online:wan"},
		"fact":   {Fact: "boot.minutes", Within: within(time.Second)},
		"other":  {Fact: "boot.seconds", Equals: 3, Within: within(time.Second)},
		"hangs":  {Command: []string{"sleep", "600"}, Within: within(time.Second)},
		"status": {Command: []string{"sh", "-c", "echo no >&2; exit 3"}},
		"prints": {Command: []string{"echo", "x"}, Output: "^y"},
		"none":   {Command: []string{"/no/such/program"}},
		"signal": {Command: []string{"sh", "-c", "kill -9 $$"}, Exit: 137},
		"then":   {Unit: "online:lan", After: "unit"},
	})
	for name, want := range map[string]string{
		"unit": "wanted unit mount:/srv to be ok; it is failed", "absent": "wanted unit online:wan to be ok; the guest has only mount:/srv, online:lan",
		"fact":  "wanted fact boot.minutes to be reported within 1s; it was not reported; the guest has only boot.seconds, boot.state, link.lan.addresses",
		"other": "wanted fact boot.seconds to equal 3 within 1s; it is 2.5",
		"hangs": `wanted "sleep 600" to end within 1s; it did not`, "status": `wanted "sh -c echo no >&2; exit 3" to end with status 0; it ended with 3 and printed:`,
		"prints": `wanted "echo x" to print "^y"; it printed:`, "none": `running "/no/such/program": fork/exec /no/such/program: no such file or directory`, "signal": "",
		"then": "not tried, because unit did not pass",
	} {
		if r := results[name]; r.Message != want || r.Passed != (want == "") || r.Skipped != (name == "then") {
			t.Errorf("%s: %+v; want %q", name, r, want)
		}
	}
	if took := time.Since(begin); status != failed || took > 8*time.Second {
		t.Errorf("status %d after %v", status, took)
	}
}

// A fact may come late, and so may the end of the boot; nobody asks all the time.
func TestLate(t *testing.T) {
	f := &fake{units: map[string]string{"online:lan": "running"}, facts: map[string]any{}}
	f.news = func(f *fake) {
		switch {
		case f.asked > 8:
			f.facts["link.lan.mtu"], f.facts[bootState], f.units["online:lan"] = 1500, "ok", "ok"
		case f.asked > 4:
			f.facts["link.lan.mtu"], f.units["online:lan"] = 1400, "late"
		}
	}
	status, results, errs := proving(t, f, map[string]check.Check{"fact": {Fact: "link.lan.mtu", AtLeast: new(1500.0)}, "unit": {Unit: "online:lan"}, "command": {Command: []string{"true"}}})
	if status != passed || len(results) != 3 {
		t.Errorf("%d, %+v, %s", status, results, errs)
	}
	if r := results["fact"]; f.asked < 9 || r.Seconds < 3*pace.Seconds() {
		t.Errorf("after %g s and %d questions", r.Seconds, f.asked)
	}
}

// Where nobody answers, the check fails by its limit, and why is said.
func TestNobodyAnswers(t *testing.T) {
	f := booted()
	f.facts = map[string]any{"x": strings.Repeat("x", report.MaxLine)} // longer than a line can be
	status, results, errs := proving(t, f, map[string]check.Check{"fact": {Fact: bootState, Within: within(time.Second)}})
	if status != failed || results["fact"].Passed || !strings.Contains(errs, "token too long") {
		t.Errorf("%d, %+v, %q", status, results, errs)
	}
}

// Commands can write to no file system, not even that of a test's own files, and not by way of the mounts of others.
func TestCommandsCannotWrite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	shell := func(line string) check.Check {
		return check.Check{Command: []string{"sh", "-c", fmt.Sprintf(line, file, dir)}, Within: within(10 * time.Second)}
	}
	status, results, _ := proving(t, booted(), map[string]check.Check{
		"change": shell("echo x 2>&1 > '%s'; exit 1 # %s"), "make": shell("mkdir '%[2]s/new' # %[1]s"), "remove": shell("rm -f '%s' # %s"),
		"shm": {Command: []string{"sh", "-c", ": > /dev/shm/prove"}}, "sys": {Command: []string{"sh", "-c", "echo x > /proc/sys/kernel/hostname"}},
		"reads": shell("cat '%s' > /dev/null # %s"),
	})
	for name, r := range results {
		said := strings.Contains(strings.Join(r.Detail, "\n"), "Read-only file system")
		if r.Passed != (name == "reads") || !r.Passed && !said {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if text, err := os.ReadFile(file); status != failed || len(results) != 6 || err != nil || string(text) != "as it was" {
		t.Errorf("status %d; the file holds %q, %v", status, text, err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Errorf("and nobody else can: %v", err)
	}
}

// Nothing that a command starts outlives prove, in its group or in a session of its own, whether its check passed or hung.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	marker := filepath.Base(dir) + fmt.Sprint(os.Getpid()) // on the line of what is started
	leave := func(after string) check.Check {
		return check.Check{Command: []string{"sh", "-c", "sleep 600 & setsid sh -c 'sleep 600 & sleep 600; : " + marker + "' > /dev/null 2>&1 & setsid sh -c 'sleep 600; : " + marker + "' & " + after}, Within: within(3 * time.Second)}
	}
	status, results, errs := proving(t, booted(), map[string]check.Check{"passes": leave("true"), "hangs": leave("wait")})
	if status != failed || !results["passes"].Passed || results["hangs"].Passed {
		t.Errorf("%d, %+v, %s", status, results, errs)
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if text, _ := os.ReadFile(line); bytes.Contains(text, []byte(marker)) {
			t.Errorf("%s runs still: %q", line, text)
		}
	}
	if left := children(); len(left) > 0 {
		t.Errorf("children: %v", left)
	}
}

// What a person sees, and what makes no run.
func TestOutput(t *testing.T) {
	status, _, errs := proving(t, booted(), nil)
	if status != unproved || !strings.Contains(errs, "has no checks that prove it") {
		t.Errorf("without checks: %d, %s", status, errs)
	}
	if status, _, errs := proving(t, booted(), nil, "now"); status != misused || !strings.Contains(errs, "accepted: prove [-json]") {
		t.Errorf("with a word: %d, %s", status, errs)
	}
	file := filepath.Join(t.TempDir(), "machine.json")
	if err := os.WriteFile(file, []byte(`{"proof": "{\"lan\": {\"unit\": \"online:lan\"}, \"srv\": {\"unit\": \"mount:/srv\"}}"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, bad bytes.Buffer
	status = prover{machine: file, socket: booted().serve(t), out: &out, errs: &bad}.run(nil)
	lines := strings.Split(out.String(), "\n")
	if status != failed || len(lines) != 5 || !strings.HasPrefix(lines[3], "FAIL: 1 of 2 checks passed in ") || !strings.Contains(out.String(), "ok          0.0 s  lan\n") ||
		!strings.Contains(out.String(), "FAILED      0.0 s  srv\n    wanted unit mount:/srv to be ok; it is failed\n") {
		t.Errorf("%d:\n%s%s", status, out.String(), bad.String())
	}
	if status := (prover{machine: file + "?", out: &out, errs: &bad}).run(nil); status != failed || !strings.Contains(bad.String(), "no such file") {
		t.Errorf("without a description: %d, %s", status, bad.String())
	}
}
