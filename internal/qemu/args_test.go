package qemu

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var machines = map[string]Config{
	"empty": {},
	"kernel": {Kernel: "/out/a kernel", Initrd: "/out/initrd", Append: "console=ttyS0 quiet", Serials: 2, Memory: 1 << 30,
		Report: true, Control: true, NICs: []NIC{{}, {Model: "e1000e", MAC: "52:54:00:00:00:01"}},
		FWCfg: map[string]string{"opt/org.imgbuild/root-hash": "$6$a,b$c", "opt/a": "1"}},
	"disks": {Disks: []Disk{
		{Path: "/d/0.img"}, {ID: "data", Path: "/d/1,2.img", Bus: AHCI}, {Path: "/d/2.qcow2", Format: "qcow2", Bus: NVMe, ReadOnly: true},
		{Path: "/d/3.img", Bus: USB}, {Path: "/d/4.img", Bus: SCSI, Snapshot: true}, {Path: "/d/5.img", Bus: SCSI}, {Path: "/d/6.img", Bus: AHCI},
	}, CDROM: "/d/a.iso"},
	"uefi":          {Accel: AccelKVM, CPUs: 4, Firmware: UEFI, Display: true, Reboot: true, NICs: []NIC{{Backend: "user,restrict=on"}}, Extra: []string{"-s"}},
	"serial report": {Serials: 1, ReportSerial: true},
	"desk":          {Desk: "/out/disks/run-7-", Serials: 2, Report: true, Control: true, Pluggable: true, Disks: []Disk{{ID: "a", Path: "/a"}, {ID: "n", Path: "/n", Bus: NVMe}, {ID: "s", Path: "/s", Bus: SCSI}}},
}

// One option a line, as a person reads it.
func TestArgs(t *testing.T) {
	var b strings.Builder
	for _, name := range []string{"empty", "kernel", "disks", "uefi", "serial report", "desk"} {
		for _, dir := range []string{"/run/guest", ""} {
			b.WriteString("# " + name + map[bool]string{true: ", by hand"}[dir == ""] + "\n")
			for _, word := range machines[name].Args(dir) {
				if strings.HasPrefix(word, "-") {
					b.WriteString("\n" + word)
				} else {
					b.WriteString(" " + quote(word))
				}
			}
			b.WriteString("\n\n")
		}
	}
	golden := filepath.Join("testdata", "args.golden")
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("arguments changed; -update accepts them:\n%s", b.String())
	}
}

func TestKernelArgs(t *testing.T) {
	for _, test := range []struct {
		accel string
		khz   int
		want  string
	}{
		{AccelKVM, 2600000, "panic=-1"},
		{AccelTCG, 2600000, "panic=-1 no_timer_check cryptomgr.notests tsc_early_khz=2600000 tsc=reliable"},
		{AccelTCG, 0, "panic=-1 no_timer_check cryptomgr.notests"},
	} {
		if got := strings.Join(KernelArgs(test.accel, test.khz), " "); got != test.want {
			t.Errorf("KernelArgs(%s, %d) = %s, want %s", test.accel, test.khz, got, test.want)
		}
	}
}

func TestMAC(t *testing.T) {
	for i, want := range map[int]string{0: "52:54:00:12:34:56", 1: "52:54:00:12:34:57", 200: "52:54:00:12:35:1e"} {
		if got := MAC(i); string(got) != want {
			t.Errorf("MAC(%d) = %s, want %s", i, got, want)
		}
	}
}

// A shell splits what Quote joined into the same words.
func TestQuote(t *testing.T) {
	words := []string{"plain", "", "a b", "it's", `$HOME "x" \`, "*", "a\nb", "~", "x=y;z"}
	out, err := exec.Command("sh", "-c", "printf '%s\\0' "+Quote(words...)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, words) {
		t.Errorf("sh splits %s into %q", Quote(words...), got)
	}
}
