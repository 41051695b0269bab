package qemu_tests

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/check"
)

// portRow is a row of the table of open ports in docs/security.md.
var portRow = regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([^|]*) \\|")

// documented are the ports that docs/security.md says are open on a profile, such as tcp/22.
func documented(t *testing.T, profile string) (ports []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range portRow.FindAllSubmatch(text, -1) {
		if string(row[1]) != profile {
			continue
		}
		if string(row[2]) == "none" {
			return nil
		}
		for _, p := range strings.Split(string(row[2]), ", ") {
			ports = append(ports, strings.ReplaceAll(strings.Trim(p, "`"), " ", "/"))
		}
		slices.Sort(ports)
		return ports
	}
	t.Fatalf("docs/security.md has no row of the open ports of %s", profile)
	return nil
}

// listening prints what is open, one a line: sockets that listen (TCP) or wait for anybody (UDP) on other addresses than the box's
// own loopback. It reads what ss reads (/proc/net).
const listening = `declare -A open; for table in tcp tcp6 udp udp6; do while read -r _ local _ state _; do
  case $table$state in tcp*0A|udp*07) ;; *) continue;; esac
  case $local in ??????7F:*|00000000000000000000000001000000:*) ;; *) open[${table%6}/$((16#${local##*:}))]=1;; esac
done < /proc/net/$table; done; printf '%s\n' "${!open[@]}" | sort`

// settled is the check after which a profile opens no more ports; "address" for those that are not here.
var settled = map[string]string{"firewall": "names", "firewall-bridge": "wire", "hypervisor": "start"}

// asDocumented adds to the checks of a profile that just those ports are open which docs/security.md names. One that is to be open
// may come a moment later.
func asDocumented(t *testing.T, name string, checks map[string]check.Check) map[string]check.Check {
	t.Helper()
	after := settled[name]
	if after == "" {
		after = "address"
	}
	const script = `exec 9<> <(:); for ((try = 0; try < 120; try++)); do got=$(eval "$1"); [[ $got == "$2" ]] && break; read -rt 0.5 -u 9; done; echo "open: $got"`
	want := strings.Join(documented(t, name), "\n")
	checks = maps.Clone(checks)
	checks["ports"] = check.Check{After: after, Command: []string{"/bin/bash", "-c", script, "ports", listening, want},
		Output: check.Regexp("^open: " + regexp.QuoteMeta(want) + "\n$")}
	return checks
}
