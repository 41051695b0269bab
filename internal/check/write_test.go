package check

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var samples = map[string]Results{
	"pass": {Checks: []Result{{Name: "login", Passed: true, Seconds: 3.21}, {Name: "address", Passed: true, Seconds: 5}},
		Verdict: Good, Boot: 4.9, BootState: "ok", CPU: 5.1, Took: 7.25, Command: "qemu-system-x86_64 -M q35"},
	"fail": {Checks: []Result{
		{Name: "login", Seconds: 60, Message: `wanted "login: $" on ttyS0 within 1m0s; its last lines were:`,
			Detail: []string{"[    1.0]\tunpacking", strings.Repeat("long ", 30), "bad \x01 byte \xff"}},
		{Name: "password", Skipped: true, Seconds: 60, Message: "not tried, because login did not pass"},
		{Name: "a name that is longer than any name of a check should ever be, and then some more", Passed: true, Seconds: 1},
		{Name: "unit", Seconds: 2, Message: "wanted unit x to be ok; the guest has only " + strings.Repeat("link:lan, ", 20) + strings.Repeat("x", 100)},
	}, Verdict: Panic, Message: "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
		Console: []string{"[    1.1] ---[ end Kernel panic ]---"}, CPU: 2, Took: 61, Command: "qemu-system-x86_64 -append 'console=ttyS0 " + strings.Repeat("x", 80) + "'"},
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s changed; -update accepts it:\n%s", name, got)
	}
}

func TestWriteTable(t *testing.T) {
	for name, r := range samples {
		var b strings.Builder
		if err := WriteTable(&b, r, false); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", b.String())
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width && !strings.HasPrefix(line, "qemu-") {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	}
}

func TestWriteJUnit(t *testing.T) {
	for name, r := range samples {
		var b strings.Builder
		if err := WriteJUnit(&b, "headless", r); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".xml", b.String())
		var read junitSuites
		if err := xml.Unmarshal([]byte(b.String()), &read); err != nil {
			t.Fatal(err)
		}
		s := read.Suites[0]
		if s.Tests != len(s.Cases) || s.Tests != len(r.Checks)+1 || (s.Failures+s.Errors == 0) != r.Passed() {
			t.Errorf("%s: %d tests, %d cases, %d failures, %d errors", name, s.Tests, len(s.Cases), s.Failures, s.Errors)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	for _, r := range samples {
		var b strings.Builder
		if err := WriteJSON(&b, r); err != nil {
			t.Fatal(err)
		}
		var read struct {
			Passed bool
			Results
		}
		if err := json.Unmarshal([]byte(b.String()), &read); err != nil {
			t.Fatal(err)
		}
		if read.Passed != r.Passed() || read.Verdict != r.Verdict || len(read.Checks) != len(r.Checks) || read.Boot != r.Boot {
			t.Errorf("read back %+v", read)
		}
	}
}
