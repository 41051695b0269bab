package supervise

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
)

func TestLookUp(t *testing.T) {
	etc := t.TempDir()
	for name, text := range map[string]string{
		"passwd": "root:x:0:0:root:/root:/bin/sh\nann:x:1000:100:Ann:/home/ann:/bin/sh\nann:x:0:0:::\nodd:x:one:100:::\nlarge:x:4294967296:0:::\nshort:x:0:0\n",
		"group":  "root:x:0:\nusers:x:100:ann\nkvm:x:104:bob,ann\njo:x:7:joann\n",
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, home, err := lookUp(etc, "ann")
	if want := (&syscall.Credential{Uid: 1000, Gid: 100, Groups: []uint32{100, 104}}); err != nil || home != "/home/ann" || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %q, %v; want %+v", got, home, err, want)
	}
	for _, name := range []string{"odd", "large", "short", "nobody", ""} {
		if got, _, err := lookUp(etc, name); err == nil {
			t.Errorf("%q: %+v", name, got)
		}
	}
	if err := os.Remove(filepath.Join(etc, "group")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := lookUp(etc, "ann"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without groups: %v", err)
	}
}
