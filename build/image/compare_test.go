package image_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/image"
)

func summary(t *testing.T, m *image.Image) *image.Summary {
	t.Helper()
	s, err := m.Summarize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func changes(a, b *image.Summary) string {
	var out strings.Builder
	for _, c := range image.Compare(a, b) {
		fmt.Fprintf(&out, "%s %s %s %d %d %s\n", c.Op, c.Section, c.Name, c.Old, c.New, strings.Join(c.What, "; "))
	}
	return out.String()
}

func TestCompare(t *testing.T) {
	a := open(t, initramfs(t, cpio.None, "etc=dir", "etc/same=same", "etc/size=1", "etc/text=abc", "gone=x", "kind=file", "link=-> a",
		"lib/modules/6.1.0-1/kernel/e1000.ko=old", "lib/modules/6.1.0-1/kernel/gone.ko=x", "lib/modules/6.1.0-1/modules.dep=same"))
	b := open(t, initramfs(t, cpio.Zstd, "etc=dir", "etc/same=same", "etc/size=22", "etc/text=abd", "here=yy", "kind=-> x", "link=-> b",
		"lib/modules/6.1.0-2/kernel/e1000.ko=newer", "lib/modules/6.1.0-2/kernel/here.ko=x", "lib/modules/6.1.0-2/modules.dep=same"))
	want := `~ kernel release 0 0 6.1.0-1 → 6.1.0-2
~ module kernel/e1000.ko 3 5 content
- module kernel/gone.ko 1 0 
+ module kernel/here.ko 0 1 
~ file etc/size 1 2 content
~ file etc/text 3 3 content
- file gone 1 0 
+ file here 0 2 
~ file kind 4 0 mode -rw-r--r-- → Lrwxrwxrwx; target  → x
~ file link 0 0 target a → b
`
	if got := changes(summary(t, a), summary(t, b)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := changes(summary(t, a), summary(t, a)); got != "" {
		t.Errorf("the same: %s", got)
	}
}

func TestCompareDisks(t *testing.T) {
	a, b := summary(t, open(t, content(t, hard(t)))), summary(t, open(t, content(t, hard(t))))
	const where = "esp/EFI/BOOT/BOOTX64.EFI/.cmdline"
	if a.Cmdlines[where] != "console=ttyS0 quiet" {
		t.Fatalf("%q", a.Cmdlines)
	}
	b.Cmdlines[where] = "console=tty0 quiet debug"
	b.Partitions[0].Size, b.Partitions[1].Name = 5, "data"
	want := "+ partition data 0 1048576 \n~ partition esp 41943040 5 \n- partition state 1048576 0 \n" +
		"- command line console=ttyS0 0 0 \n+ command line console=tty0 0 0 \n+ command line debug 0 0 \n"
	got := changes(a, b)
	for _, line := range strings.SplitAfter(want, "\n") {
		if !strings.Contains(got, line) {
			t.Errorf("got\n%slacks %s", got, line)
		}
	}
	if strings.Count(got, "\n") != 6 {
		t.Error(got)
	}
}
