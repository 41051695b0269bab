package syslog

import (
	"context"
	"errors"
	"io"
	"os"
	"reflect"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParseKmsg(t *testing.T) {
	for _, c := range []struct {
		line string
		want kernelRecord
	}{
		{"6,339,5140900,-;NET: Registered PF_INET6 protocol family\n", kernelRecord{339, Record{
			At: 5140900 * time.Microsecond, Severity: 6, Program: "kernel", Message: "NET: Registered PF_INET6 protocol family"}}},
		{"30,340,5690716,-,caller=T1;udevd[80]: starting version 181\n", kernelRecord{340, Record{
			At: 5690716 * time.Microsecond, Facility: 3, Severity: 6, Program: "udevd", PID: 80, Message: "starting version 181"}}},
		{"28,1,2,-;uinit: unit late name=link:lan\n", kernelRecord{1, Record{
			At: 2 * time.Microsecond, Facility: 3, Severity: 4, Program: "uinit", Message: "unit late name=link:lan"}}},
		{"4,160,424069,-;pci_root PNP0A03:00: host bridge window [io  0x0000-0x0cf7] (ignored)\n SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0A03:00\n",
			kernelRecord{160, Record{At: 424069 * time.Microsecond, Severity: 4, Program: "kernel",
				Message: "pci_root PNP0A03:00: host bridge window [io  0x0000-0x0cf7] (ignored)"}}},
		{`14,7,8,-;caf\xc3\xa9 a\x5cx` + "\n", kernelRecord{7, Record{At: 8 * time.Microsecond, Facility: 1, Severity: 6, Program: "user", Message: `café a\x`}}},
		{`14,7,8,-;escape \x1b[0m at the end \x` + "\n", kernelRecord{7, Record{At: 8 * time.Microsecond, Facility: 1, Severity: 6, Program: "user", Message: `escape  [0m at the end \x`}}},
	} {
		got, err := parseKmsg([]byte(c.line))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q:\ngot  %+v, %v\nwant %+v", c.line, got, err, c.want)
		}
	}
	for _, bad := range []string{"", ";", "6,1,2;x", "a,1,2,-;x", "6,-1,2,-;x", "6,1,99999999999999999999,-;x"} {
		if got, err := parseKmsg([]byte(bad)); !errors.Is(err, errKmsg) {
			t.Errorf("%q: got %+v, %v", bad, got, err)
		}
	}
}

func TestSplitTag(t *testing.T) {
	for in, want := range map[string]struct {
		program string
		pid     int
		text    string
	}{
		"probe: up":           {"probe", 0, "up"},
		"probe[12]: up: yes":  {"probe", 12, "up: yes"},
		"probe[x]: up":        {"user", 0, "probe[x]: up"},
		"probe[12: up":        {"user", 0, "probe[12: up"},
		"just words: really":  {"user", 0, "just words: really"},
		"no colon":            {"user", 0, "no colon"},
		": nothing":           {"user", 0, ": nothing"},
		"http://x: y":         {"http://x", 0, "y"},
		"probe[99999999999]:": {"user", 0, "probe[99999999999]:"},
	} {
		program, pid, text := splitTag(in)
		if program != want.program || pid != want.pid && program != "user" || text != want.text {
			t.Errorf("%q: got %q, %d, %q", in, program, pid, text)
		}
	}
}

// device gives one record with each Read, as /dev/kmsg does.
type device struct{ reads []any }

func (d *device) Read(p []byte) (int, error) {
	if len(d.reads) == 0 {
		return 0, io.EOF
	}
	next := d.reads[0]
	d.reads = d.reads[1:]
	if err, ok := next.(error); ok {
		return 0, &os.PathError{Op: "read", Path: KernelLog, Err: err}
	}
	return copy(p, next.(string)), nil
}

func TestReadKernelSaysWhatItMissed(t *testing.T) {
	d := &device{[]any{"6,10,1,-;a\n", "6,11,2,-;b\n", syscall.EPIPE, "6,15,3,-;c\n", syscall.EINVAL, "6,17,4,-;d\n", "nonsense", "6,18,5,-;e\n"}}
	var got []string
	if err := readKernel(d, func(r Record) { got = append(got, r.Program+": "+r.Message) }); err != nil {
		t.Fatal(err)
	}
	want := []string{"kernel: a", "kernel: b", "uinit: 3 kernel records were overwritten before they were read", "kernel: c",
		"uinit: 1 kernel records were overwritten before they were read", "kernel: d", "kernel: e"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if err := readKernel(&device{[]any{syscall.EIO}}, nil); !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v, want EIO", err)
	}
}

func TestReadKernelEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("shutting down")
	seen := false
	err := ReadKernel(ctx, KernelLog, func(Record) {
		if !seen {
			seen = true
			cancel(stop)
		}
	})
	switch {
	case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist):
		t.Skipf("this machine does not show its kernel's log: %v", err)
	case !errors.Is(err, stop):
		t.Errorf("got %v, want %v", err, stop)
	}
}

func FuzzParseKmsg(f *testing.F) {
	f.Add([]byte("6,339,5140900,-;NET: Registered\n SUBSYSTEM=x\n"))
	f.Add([]byte(`30,1,2,-,caller=T1;a[1]: \x0a\x`))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := parseKmsg(b)
		if err != nil {
			return
		}
		if k.At < 0 || k.Severity > 7 || k.Facility > 23 || k.PID < 0 || k.Program == "" || !utf8.ValidString(k.Message) || len(k.Message) > 3*maxMessage {
			t.Errorf("%q became %+v", b, k)
		}
	})
}
