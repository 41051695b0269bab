package ci

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The commands that "make test" runs side by side test every package, each once.
func TestEveryPackageIsTested(t *testing.T) {
	out, err := exec.Command("make", "-n", "-C", "../..", "GO=go", "test").Output()
	if err != nil {
		t.Fatal(err)
	}
	list := func(words string) []string {
		t.Helper()
		cmd := exec.Command("sh", "-c", "go list "+words)
		cmd.Dir = "../.."
		packages, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list %s: %v", words, err)
		}
		return strings.Fields(string(packages))
	}
	var tested []string
	for line := range strings.Lines(string(out)) {
		if words, ok := strings.CutPrefix(strings.TrimSpace(line), "go test -vet=off -timeout 40m "); ok {
			tested = append(tested, list(words)...)
		}
	}
	if slices.Sort(tested); !slices.Equal(tested, list("./...")) {
		t.Errorf("tested are\n%s", strings.Join(tested, "\n"))
	}
}
