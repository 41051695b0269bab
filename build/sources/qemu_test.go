package sources

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/internal/needed"
)

const guests = `
[mount."/srv"]
source = "LABEL=srv"
type = "ext4"
[vm.same]
[vm.same.disk.a]
path = "/srv/same.img"
[vm.web]
machine = "pc-q35-7.3"
cpu_model = "EPYC-Room"
[vm.web.disk.a]
path = "/srv/web.img"
`

// A guest's machine and processor are those of the QEMU that was built with last; what it says of itself is read.
func TestCheckGuests(t *testing.T) {
	_, p := buildtest.World(t, guests)
	f := finder(t)
	if known, err := f.CheckGuests(p); known || err != nil {
		t.Errorf("a QEMU that nobody saw: known %v, %v", known, err)
	}
	if err := f.Cache.SetNote(qemuSeen, []byte(`{"Package": "x", "Machines": ["pc-q35-7.2", "pc-q35-7.1"], "Models": ["EPYC-Rome", "host"]}`)); err != nil {
		t.Fatal(err)
	}
	known, err := f.CheckGuests(p)
	if !known || err == nil {
		t.Fatalf("known %v, %v", known, err)
	}
	for _, want := range []string{
		"box.toml:14:11: vm.web.machine: the image's QEMU has no machine pc-q35-7.3; did you mean pc-q35-7.2?; accepted: pc-q35-7.2, pc-q35-7.1\n",
		"box.toml:15:13: vm.web.cpu_model: the image's QEMU has no processor EPYC-Room; did you mean EPYC-Rome?; accepted: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "vm.same") {
		t.Errorf("the default is refused: %v", err)
	}
	p.VM = nil
	if known, err := finder(t).CheckGuests(p); !known || err != nil {
		t.Errorf("without guests: known %v, %v", known, err)
	}
}

// QEMU's lists are read as it prints them, this machine's as well as those of versions to come.
func TestWhatQEMUKnows(t *testing.T) {
	program := needed.Program(t, "qemu-system-x86_64")
	help := func(of string) string {
		out, err := exec.Command(program, of, "help").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	machines, models := machinesIn(help("-machine")), modelsIn(help("-cpu"))
	for _, name := range machines {
		if !strings.HasPrefix(name, "pc-q35-") {
			t.Errorf("%q is a machine", name)
		}
	}
	if !slices.Contains(machines, "pc-q35-7.2") {
		t.Errorf("the default is not among %v", machines)
	}
	for name, want := range map[string]bool{"host": true, "max": true, "EPYC-v1": true, "Haswell-v2": true, "486": true, "x86": false, "Available": false, "3dnow": false, "Recognized": false} {
		if slices.Contains(models, name) != want {
			t.Errorf("%s among %v: want %v", name, models, want)
		}
	}
	if got := modelsIn("Available CPUs:\n  486                   (alias configured by machine type)\n  host                  processor with all\n\nRecognized CPUID flags:\n  3dnow\n"); !slices.Equal(got, []string{"486", "host"}) {
		t.Errorf("without the architecture's name: %v", got)
	}
}
