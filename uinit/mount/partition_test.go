package mount

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// Partitions are found by what their disk's table says, of the new kind and of the old.
func TestFindPartitions(t *testing.T) {
	dir := t.TempDir()
	disk := func(name, tool string, args ...string) string {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 8<<20)); err != nil {
			t.Fatal(err)
		}
		at := needed.Program(t, tool)
		cmd := exec.Command(at, append(args, file)...)
		if tool == "sfdisk" {
			in, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.WriteString("label: dos\nlabel-id: 0xabcd1234\n,1M\n,1M\n")
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			cmd.Stdin = in
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", tool, err, out)
		}
		return file
	}
	const guid = "01234567-89ab-4def-8123-456789abcdef"
	files := map[string]string{
		"/dev/vda":        disk("gpt", "sgdisk", "-n", "3:2048:+1M", "-c", "3:state", "-u", "3:"+guid),
		"/dev/cciss/c0d0": disk("mbr", "sfdisk", "-q"),
	}
	sys := fstest.MapFS{}
	for name, numbers := range map[string][]string{"vda": {"1", "3"}, "cciss!c0d0": {"1", "2"}} {
		sys["class/block/"+name+"/size"] = &fstest.MapFile{Data: []byte("16384\n")}
		sys["class/block/"+name+"/bdi"] = &fstest.MapFile{Mode: fs.ModeDir}
		for _, n := range numbers {
			part := name + n
			if name != "vda" {
				part = name + "p" + n
			}
			for _, at := range []string{"class/block/" + part, "class/block/" + name + "/" + part} {
				sys[at+"/size"] = &fstest.MapFile{Data: []byte("2048\n")}
				sys[at+"/partition"] = &fstest.MapFile{Data: []byte(n + "\n")}
				sys[at+"/holders"] = &fstest.MapFile{Mode: fs.ModeDir}
			}
		}
	}
	sys["class/block/vda3/uevent"] = &fstest.MapFile{Data: []byte("DEVTYPE=partition\nPARTN=3\nPARTNAME=state\n")}
	sys["class/block/cciss!c0d0p1/uevent"] = &fstest.MapFile{Data: []byte("DEVTYPE=partition\nPARTN=1\n")}
	open := func(name string) (*os.File, error) { return os.Open(files[name]) }
	for source, want := range map[string]string{
		"PARTLABEL=state": "/dev/vda3", "PARTLABEL=other": "",
		"PARTUUID=" + guid: "/dev/vda3", "PARTUUID=01234567-89ab-4def-8123-456789abcdee": "",
		"PARTUUID=ABCD1234-02": "/dev/cciss/c0d0p2", "PARTUUID=abcd1234-05": "", "PARTUUID=abcd1235-02": "",
	} {
		if got, _, err := (Devices{Sys: sys, Open: open, Alone: nobody}).Find(ParseSource(source)); got != want || err != nil {
			t.Errorf("%s is %q, %v; want %q", source, got, err, want)
		}
	}
	delete(sys, "class/block/vda3/holders")
	for _, source := range []string{"PARTLABEL=state", "PARTUUID=" + guid} {
		if got, _, err := (Devices{Sys: sys, Open: open, Alone: nobody}).Find(ParseSource(source)); got != "" || err != nil {
			t.Errorf("%s is %q, %v before it is ready", source, got, err)
		}
	}
}

// By the old table a partition is its disk's signature and a hexadecimal number; a disk without either has none.
func TestPartNumber(t *testing.T) {
	mbr := func(change func(b []byte)) []byte {
		b := make([]byte, 512)
		copy(b[440:], "\x34\x12\xcd\xab")
		copy(b[510:], "\x55\xaa")
		change(b)
		return b
	}
	whole := mbr(func([]byte) {})
	for name, tt := range map[string]struct {
		disk []byte
		uuid string
		want int
	}{
		"the first": {whole, "abcd1234-01", 1}, "hexadecimal": {whole, "abcd1234-0a", 10}, "the last": {whole, "abcd1234-ff", 255}, "no number": {whole, "abcd1234", 0}, "an odd one": {whole, "abcd1234-x", 0},
		"another disk": {whole, "abcd1235-01", 0}, "half a mark": {mbr(func(b []byte) { b[511] = 0 }), "abcd1234-01", 0}, "the other half": {mbr(func(b []byte) { b[510] = 0 }), "abcd1234-01", 0}, "a tiny disk": {whole[:511], "abcd1234-01", 0}, "nothing": {nil, "abcd1234-01", 0},
	} {
		if got := partNumber(bytes.NewReader(tt.disk), int64(len(tt.disk)/512), tt.uuid); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// gptDisk is a disk with partition 3, called state.
func gptDisk(t *testing.T, guid string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gpt")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 8<<20)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sgdisk", "-n", "3:2048:+1M", "-c", "3:state", "-u", "3:"+guid, file).CombinedOutput(); err != nil {
		t.Fatalf("sgdisk: %v\n%s", err, out)
	}
	return file
}
