package signature

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// made is a device of so many bytes that a tool has put something on. A script's $f is the file.
var made = []struct {
	name, script string
	size         int64
}{
	{"ext2", "mke2fs -q -F -t ext2 -L second $f", 64 << 20},
	{"ext3", "mke2fs -q -F -t ext3 -L third $f", 64 << 20},
	{"ext4", "mke2fs -q -F -t ext4 -L fourth $f", 64 << 20},
	{"ext4 1k", "mke2fs -q -F -t ext4 -b 1024 $f", 64 << 20},
	{"jbd", "mke2fs -q -F -O journal_dev $f", 64 << 20},
	{"xfs", "mkfs.xfs -q -L ex $f", 512 << 20},
	{"btrfs", "mkfs.btrfs -q -L butter $f", 256 << 20},
	{"f2fs", "mkfs.f2fs -q $f", 128 << 20},
	{"fat12", "mkfs.vfat -F 12 -n TWELVE $f", 4 << 20},
	{"fat16", "mkfs.vfat -F 16 $f", 32 << 20},
	{"fat32", "mkfs.vfat -F 32 -n THIRTYTWO $f", 128 << 20},
	{"ntfs", "mkntfs -q -F -f $f", 64 << 20},
	{"exfat", "mkfs.exfat $f", 64 << 20},
	{"jfs", "mkfs.jfs -q $f", 64 << 20},
	{"reiserfs", "mkfs.reiserfs -q -f -f $f", 64 << 20},
	{"nilfs2", "mkfs.nilfs2 -q $f", 256 << 20},
	{"minix", "mkfs.minix $f", 32 << 20},
	{"minix 2", "mkfs.minix -2 $f", 32 << 20},
	{"minix 3", "mkfs.minix -3 $f", 32 << 20},
	{"bfs", "mkfs.bfs $f", 1 << 20},
	{"cramfs", "mkdir $f.d; echo a > $f.d/a; mkfs.cramfs $f.d $f", 0},
	{"squashfs", "mkdir $f.d; echo a > $f.d/a; rm $f; mksquashfs $f.d $f -quiet -no-progress", 0},
	{"iso9660", "mkdir $f.d; echo a > $f.d/a; xorriso -as mkisofs -quiet -V DISC -o $f $f.d", 0},
	{"udf", "mkudffs $f", 64 << 20},
	{"swap", "mkswap -q -L swapped $f", 16 << 20},
	{"luks1", "printf pass | cryptsetup -q luksFormat --type luks1 --pbkdf-force-iterations 1000 $f -", 32 << 20},
	{"luks2", "printf pass | cryptsetup -q luksFormat --type luks2 --label box --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $f -", 32 << 20},
	{"luks2 without its first header", "printf pass | cryptsetup -q luksFormat --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $f -; dd if=/dev/zero of=$f bs=4096 count=1 conv=notrunc status=none", 32 << 20},
	{"dos", "printf 'label: dos\\nstart=2048\\n' | sfdisk -q $f", 32 << 20},
	{"gpt", "printf 'label: gpt\\nstart=2048\\n' | sfdisk -q $f", 32 << 20},
	{"sun", "echo 'label: sun' | sfdisk -q $f", 32 << 20},
	{"sgi", "echo 'label: sgi' | sfdisk -q $f", 32 << 20},
	{"bcache", "make-bcache -B $f", 64 << 20},
	{"nothing", "true", 64 << 20},
	{"text", "seq 1000000 > $f", 0},
}

// What real tools make is found as libblkid finds it, type for type and at the same place.
func TestAgreesWithLibblkid(t *testing.T) {
	for _, m := range made {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			compare(t, device(t, m.script, m.size))
		})
	}
}

// device makes a file and runs a script on it.
func device(t *testing.T, script string, size int64) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-ec", script)
	cmd.Env = append(os.Environ(), "f="+file, "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s (.ci/install installs the tools): %v: %s", script, err, out)
	}
	return file
}

// compare holds what Look finds against what wipefs does, which lists each type as often as it has marks.
func compare(t *testing.T, file string) []Found {
	t.Helper()
	out, err := exec.Command(needed.Program(t, "wipefs"), "--no-act", "--parsable", "--output", "OFFSET,TYPE", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]int64{}
	for line := range strings.Lines(string(out)) {
		offset, name, ok := strings.Cut(strings.TrimSpace(line), ",")
		n, err := strconv.ParseInt(offset, 0, 64)
		if strings.HasPrefix(line, "#") || !ok || err != nil {
			continue
		}
		want[name] = append(want[name], n)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	found, err := Look(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if !slices.Contains(want[f.Type], f.At) && f.Part == "" {
			t.Errorf("%v is not among what wipefs finds: %v", f, want)
		}
	}
	for name := range want {
		if bootSector := want["ntfs"] != nil || want["exfat"] != nil; name == "dos" && bootSector {
			continue // wipefs looks again as if the first one were gone, and what is left is a table of nothing
		}
		if !slices.ContainsFunc(found, func(f Found) bool { return f.Type == name }) {
			t.Errorf("%s at %v is not among %v", name, want[name], found)
		}
	}
	return found
}
