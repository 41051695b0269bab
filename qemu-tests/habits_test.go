package qemu_tests

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// What people type does what they expect of it: as Debian's programs do in the same guest, or as the table says.
func TestHabitsOnHeadless(t *testing.T) {
	t.Parallel()
	long(t)
	inHabit(t, "headless", true, "common.txt", "headless.txt")
}

func TestHabitsOnRescue(t *testing.T) {
	t.Parallel()
	long(t)
	inHabit(t, "rescue", false, "common.txt", "rescue.txt")
}

// inHabit boots a profile with a network, a server for SSH and a disk, and has each line of tables do its work. login says whether its
// consoles ask who somebody is.
func inHabit(t *testing.T, profile string, login bool, tables ...string) {
	t.Helper()
	list := habits(t, tables...)
	a := extendedFrom(t, profile, `
hostname = "box"
[ssh]
[user.root]
authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL eve"]
[ethernet.lan]
optional = false
[run.disk.old]
filesystem = "ext4"
label = "old"
`, map[string]string{})
	a.options.Run.Timeout = minutes(10)
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	disk := debian(t, list)
	vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: "oracle", Path: disk, ReadOnly: true})
	g := startFor(t, vm.Config, 12*time.Minute)
	until(t, g, "the boot", isBooted)
	if inside(t, g, prepareHabits); t.Failed() {
		return
	}
	areas := map[string][]habit{}
	var order []string
	for _, h := range list {
		if areas[h.area] == nil {
			order = append(order, h.area)
		}
		areas[h.area] = append(areas[h.area], h)
	}
	for _, area := range order {
		compareHabits(t, g, area, areas[area])
	}
	if login {
		talk(t, g, [2]string{`login: $`, "root\r"}, [2]string{`Password: $`, vm.Password + "\r"})
	}
	typeHabits(t, g, list)
}

// prepareHabits makes the files that the lines are about, and what Debian's programs need around them.
const prepareHabits = `set -e
mkdir -p /oracle /tmp/fix/tree /tmp/w
cd /tmp/fix
printf 'b\na\nc\n' > three
printf 'x\t3\nyy\t10\nz\t2\n' > table
for i in {1..100}; do echo "line $i"; done > long
echo needle > tree/b.txt; echo hay > tree/a.txt; echo > tree/.hidden
touch -d @1000000000 tree/a.txt three; touch -d @1100000000 tree/b.txt tree/.hidden; touch -d @1200000000 tree table long
for d in /sys/block/*; do [ "$(cat $d/serial 2>/dev/null)" = oracle ] && o=${d##*/}; [ "$(cat $d/serial 2>/dev/null)" = old ] && echo "D=/dev/${d##*/}" > /tmp/env; done
mount -t squashfs /dev/$o /oracle
for d in dev proc sys run tmp etc root; do mount --bind /$d /oracle/$d; done
`

// runner runs lines that it reads from standard input, each in a folder of its own, and prints for each a mark with its exit status,
// its output, and after another mark its errors.
const runner = `. /tmp/env; export D F=/tmp/fix LC_ALL=C.UTF-8 COLUMNS=80 TERM=vt220 PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root SHELL=/bin/bash
mkdir -p /tmp/w/$0; i=0
while IFS= read -r line <&9; do
	i=$((i+1)); mkdir /tmp/w/$0/$i; cd /tmp/w/$0/$i
	( eval "$line" ) > ../out 2> ../err </dev/null 9<&-
	printf '\001%d %d\n' $i $?
	cat ../out; printf '\002'; cat ../err
	rm -rf /tmp/w/$0/$i
done
`

// outcome is what a line did.
type outcome struct {
	exit        int
	out, errors string
}

// compareHabits has the lines of an area run by our programs, and those without a pattern by Debian's.
func compareHabits(t *testing.T, g *qemu.Guest, area string, list []habit) {
	t.Helper()
	var lines, asked []string
	for _, h := range list {
		if h.typed {
			continue
		}
		lines = append(lines, h.line)
		if h.want == nil {
			asked = append(asked, h.line)
		}
	}
	ours, theirs := outcomes(t, g, area, lines), outcomes(t, g, area, asked, "/bin/bash", "-c", `exec chroot /oracle "$@"`, "bash")
	for _, h := range list {
		if h.typed {
			continue
		}
		got := ours[h.line]
		switch want := theirs[h.line]; {
		case h.want == nil && (got.out != want.out || got.exit != want.exit):
			t.Errorf("%s\n%d %q %q\nDebian's:\n%d %q %q", h.line, got.exit, got.out, got.errors, want.exit, want.out, want.errors)
		case h.want != nil && (got.exit != h.exit || !h.want.MatchString(got.out+got.errors)):
			t.Errorf("%s\n%d %q %q\nwant %d %s", h.line, got.exit, got.out, got.errors, h.exit, h.want)
		}
	}
}

// outcomes are what lines did in a guest.
func outcomes(t *testing.T, g *qemu.Guest, area string, lines []string, before ...string) map[string]outcome {
	t.Helper()
	found := map[string]outcome{}
	if len(lines) == 0 {
		return found
	}
	side := fmt.Sprintf("%s%d", area, len(before))
	script := "exec 9<<'END OF LINES'\n" + strings.Join(lines, "\n") + "\nEND OF LINES\n" + runner
	reply, err := g.Request(t.Context(), report.Request{Command: append(before, "/bin/bash", "-c", script, side), Timeout: limit.Seconds()})
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(reply.Output, "\x01") {
		head, text, _ := strings.Cut(part, "\n")
		number, exit, ok := strings.Cut(head, " ")
		if !ok {
			continue
		}
		i, err := strconv.Atoi(number)
		if err != nil || i < 1 || i > len(lines) {
			continue
		}
		out, errors, _ := strings.Cut(text, "\x02")
		status, _ := strconv.Atoi(exit)
		found[lines[i-1]] = outcome{status, out, errors}
	}
	if len(found) != len(lines) {
		t.Fatalf("%s: %d of %d lines came back: %s %s", side, len(found), len(lines), reply.Message, reply.Errors)
	}
	return found
}

// typeHabits types lines at a console's shell.
func typeHabits(t *testing.T, g *qemu.Guest, list []habit) {
	t.Helper()
	steps := [][2]string{{prompt, "cd /tmp/w; . /tmp/env; F=/tmp/fix\r"}}
	awaited := prompt
	for _, h := range list {
		for _, s := range h.steps {
			steps, awaited = append(steps, [2]string{awaited, s[0]}), s[1]
		}
	}
	talk(t, g, append(steps, [2]string{awaited, ""})...)
}
