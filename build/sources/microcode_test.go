package sources

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/profile"
)

func microcodeOf(t *testing.T, files map[string]string) (*profile.Profile, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, "updates", name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := "[kernel]\npackage = \"linux-image-amd64\"\nmicrocode_path = \"updates\"\n[access]\nnobody = true\n"
	p, _, err := profile.Load("p.toml", func(string, *profile.File) (profile.File, error) {
		return profile.File{Name: "p.toml", Dir: dir, Text: []byte(text)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, dir
}

// All of a vendor's updates go into one file, in the order of their names, for the kernel to find; signatures beside them do not.
func TestMicrocode(t *testing.T) {
	const intel, amd = "\x01\x00\x00\x00", "DMA\x00"
	p, _ := microcodeOf(t, map[string]string{
		"intel-ucode/06-0f-02": intel + "2", "intel-ucode/06-03-02": intel + "1", "intel-ucode/README": "read me",
		"amd-ucode/microcode_amd.bin": amd + "3", "amd-ucode/microcode_amd.bin.asc": "-----BEGIN",
	})
	files, err := Finder{}.microcode(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range files {
		got[f.Path] = string(f.Body)
		if f.Size != int64(len(f.Body)) || f.Why != "kernel.microcode_path" {
			t.Errorf("%+v", f)
		}
	}
	if len(got) != 2 || got["kernel/x86/microcode/GenuineIntel.bin"] != intel+"1"+intel+"2" || got["kernel/x86/microcode/AuthenticAMD.bin"] != amd+"3" {
		t.Errorf("got %q", got)
	}
	if twice := joinUpdates(append(files, files...)); len(twice) != 2 || string(twice[0].Body) != string(files[0].Body)+string(files[0].Body) {
		t.Errorf("joined with themselves they are %+v", twice)
	}
}

func TestMicrocodeThatIsNone(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"has no update of a processor; accepted: ":                                {"README": "read me"},
		"has amd-ucode/microcode_amd.bin, which does not begin as an update does": {"amd-ucode/microcode_amd.bin": "<html>"},
	} {
		p, dir := microcodeOf(t, files)
		_, err := Finder{}.microcode(p, nil)
		var problems profile.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Pos.Line != 3 || !strings.Contains(problems[0].Msg, filepath.Join(dir, "updates")+" "+want) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
	p, _ := microcodeOf(t, nil)
	p.Kernel.Microcode = []string{"intel-microcode"}
	if _, err := (Finder{}).microcode(p, nil); err == nil || !strings.Contains(err.Error(), "intel-microcode is a virtual package") {
		t.Errorf("got %v", err)
	}
}
