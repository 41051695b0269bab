package bench

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		in   []float64
		want float64
	}{
		{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 100}, 3},
	} {
		in := append([]float64{}, test.in...)
		if got := Median(in); got != test.want || in[0] != test.in[0] {
			t.Errorf("Median(%v) = %v, want %v; the input is %v now", test.in, got, test.want, in)
		}
	}
	if got := Ratio([]float64{2, 30, 9}, []float64{1, 10, 6}); got != 2 {
		t.Errorf("Ratio = %v", got)
	}
}

func TestInterleave(t *testing.T) {
	var order strings.Builder
	take := func(name string, v float64) func() (float64, error) {
		return func() (float64, error) {
			order.WriteString(name)
			if order.Len() > 6 {
				return 0, errors.New("too much")
			}
			return v, nil
		}
	}
	got, err := Interleave(2, take("a", 1), take("b", 2))
	if err != nil || order.String() != "abba" || len(got) != 2 || len(got[1]) != 2 || got[1][1] != 2 {
		t.Errorf("Interleave = %v, %v in the order %s", got, err, order.String())
	}
	if _, err := Interleave(2, take("a", 1), take("b", 2)); err == nil {
		t.Error("an error was passed over")
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	if err := Write(&out, []Figure{
		{Name: "boot", Value: 1.4567, Bound: 1.5, Note: "floor 1.70 s"},
		{Name: "initrd", Value: 12.5, Bound: 12, Unit: "MB"},
		{Name: "memory", Value: 123.4, Unit: "MB"},
	}); err != nil {
		t.Fatal(err)
	}
	want := `figure  measured  bound  verdict  beside
boot    1.46      1.5    ok       floor 1.70 s
initrd  12.5 MB   12 MB  MISSED
memory  123 MB    -
`
	if got := trimmed(out.String()); got != want {
		t.Errorf("wrote\n%s, want\n%s", got, want)
	}
}

func trimmed(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// The command's children count: this one leaves the work to a child.
func TestRun(t *testing.T) {
	u, err := Run(exec.Command("sh", "-c", "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; true"))
	if err != nil {
		t.Fatal(err)
	}
	if u.CPU <= 0 || u.Wall <= 0 || u.Largest <= 0 || u.Own <= 0 || u.Together < u.Own/2 {
		t.Errorf("%+v", u)
	}
	if _, err := Run(exec.Command("sh", "-c", "exit 3")); err == nil {
		t.Error("an exit status was passed over")
	}
}

func TestMemory(t *testing.T) {
	proc := t.TempDir()
	for id, status := range map[string]string{
		"1":  "PPid:\t0\nVmHWM:\t 9 kB\nVmRSS:\t 9 kB\n",
		"10": "Name:\tx\nPPid:\t1\nVmHWM:\t 200 kB\nVmRSS:\t 100 kB\n",
		"11": "PPid:\t10\nVmHWM:\t 70 kB\nVmRSS:\t 50 kB\n",
		"12": "PPid:\t11\nVmRSS:\t 7 kB\n",
		"13": "PPid:\t1\nVmRSS:\t 1000 kB\n",
		"14": "PPid:\t10\n", // a zombie
	} {
		if err := os.MkdirAll(filepath.Join(proc, id), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, id, "status"), []byte(status), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if own, together := memory(proc, 10); own != 200<<10 || together != 157<<10 {
		t.Errorf("%d and %d KiB", own>>10, together>>10)
	}
}
