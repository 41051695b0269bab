package slot

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// Another reader of archives finds the copies where the init writes them.
func TestPartition(t *testing.T) {
	tar := needed.Program(t, "tar")
	r := First("2026.49")
	b, err := Partition(r)
	if err != nil {
		t.Fatal(err)
	}
	whole := make(disk, 1<<20)
	copy(whole, b)
	if got, both, err := Read(whole); err != nil || !both || got.Of(A) != r.Of(A) || got.Of(B) != r.Of(B) || got.Start != A {
		t.Errorf("%+v, %v, %v", got, both, err)
	}
	file := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(file, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tar, "--list", "--verbose", "--block-number", "--file", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// A header lies in the block in front of the content.
	var got [][]string
	for _, m := range regexp.MustCompile(`(?m)^block (\d+): .*\s(\d+) \S+ \S+ (record|apart|copy)$`).FindAllStringSubmatch(string(out), -1) {
		got = append(got, m[1:])
	}
	want := [][]string{{"0", "512", "record"}, {"2", "63488", "apart"}, {"127", "512", "copy"}}
	if !reflect.DeepEqual(got, want) || RecordCopies != [2]int64{(0 + 1) * Sector, (127 + 1) * Sector} {
		t.Errorf("tar lists %v, want %v:\n%s", got, want, out)
	}
}
