package ci

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Every night the race detector watches the packages in which readers of the machine meet its owner, links and arrays.
func TestRacesAreLookedFor(t *testing.T) {
	nightly, err := os.ReadFile("../../.github/workflows/nightly.yml")
	if err != nil || !strings.Contains(string(nightly), "\n      - run: make race\n") {
		t.Errorf("nightly.yml does not run make race: %v", err)
	}
	out, err := exec.Command("make", "-n", "-C", "../..", "race").Output()
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); slices.Contains(words, "test") && slices.Contains(words, "-race") {
			for _, w := range words {
				if strings.HasPrefix(w, "./") {
					patterns = append(patterns, w)
				}
			}
		}
	}
	list := exec.Command("go", append([]string{"list"}, patterns...)...)
	list.Dir = "../.."
	packages, err := list.Output()
	if err != nil || len(patterns) == 0 {
		t.Fatalf("make race tests %q: %v", patterns, err)
	}
	for _, want := range []string{"uinit/site", "uinit/array", "uinit/link", "uinit/service/supervise", "uinit/status", "uinit/feature"} {
		if !strings.Contains(string(packages), "/"+want+"\n") {
			t.Errorf("make race leaves out %s", want)
		}
	}
}
