package qemu_tests

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// most is how many bytes a box fetches at most for lines of the profile that changed.
const most = 100_000

// Of a version in which lines of the profile changed (the machine's name, the kernel line, the menu) a box fetches little: the rest it has, in the slot that it runs from.
func TestWhatAnUpdateBrings(t *testing.T) {
	t.Parallel()
	key, cert, err := uki.GenKey("imgbuild test", 2048, time.Now().Add(-time.Hour), 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, more := range map[string]string{"open": "", "signed": "[secureboot]\nkey  = \"box.key\"\ncert = \"box.crt\"\n"} {
		t.Run(name, func(t *testing.T) {
			files := func() map[string]string {
				return map[string]string{"box.key": string(uki.EncodeKey(key)), "box.crt": string(uki.EncodeCertificate(cert))}
			}
			first := extended(t, updating+more, files())
			has := manifestOf(t, first)
			if len(has.Parts) > 200 {
				t.Errorf("it has %d parts", len(has.Parts))
			}
			line := "hostname = \"elsewhere\"\n" + strings.Replace(updating, `"panic=-1"`, `"panic=-1", "mitigations=off"`, 1) + "[menu]\nentries = [\"start\", \"serial\"]\n"
			wants := manifestOf(t, extended(t, line+more, files()))
			there := map[string]bool{}
			for _, p := range has.Parts {
				there[p.SHA256] = true
			}
			fetched := wants.Parts[0].Offset
			for _, p := range wants.Parts {
				if !there[p.SHA256] {
					t.Logf("%d bytes at %d", p.Size, p.Offset)
					fetched += p.Size
				}
			}
			if fetched > most || fetched == wants.Parts[0].Offset {
				t.Errorf("it costs %d bytes of %d, want some, and %d at most", fetched, wants.Size, most)
			}
		})
	}
}

// manifestOf is that of the appliance's update, which lies in the first slot of its disk.
func manifestOf(t *testing.T, a appliance) *slot.Manifest {
	t.Helper()
	update, err := os.ReadFile(build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatUpdate))
	if err != nil {
		t.Fatal(err)
	}
	text, err := slot.ReadHead(bytes.NewReader(update))
	if err != nil {
		t.Fatal(err)
	}
	m, err := slot.ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	disk := build.Medium(a.profile, filepath.Dir(a.kernel), profile.FormatDisk)
	f, err := os.Open(disk)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	there := make([]byte, len(update))
	if _, err := io.ReadFull(io.NewSectionReader(f, partitionOf(t, disk, layout.SlotAName).Offset(), m.Size), there); err != nil || !bytes.Equal(there, update) {
		t.Errorf("the first slot holds another version: %v", err)
	}
	return m
}
