package container

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// traffic is how many octets the interfaces of a process' network have received and sent, without lo (net/core/net-procfs.c).
func traffic(pid int) (received, sent int64) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid))
	if err != nil {
		return 0, 0
	}
	for text := range strings.Lines(string(b)) {
		name, figures, ok := strings.Cut(text, ":")
		words := strings.Fields(figures)
		if !ok || len(words) < 9 || strings.TrimSpace(name) == "lo" {
			continue
		}
		in, _ := strconv.ParseInt(words[0], 10, 64)
		out, _ := strconv.ParseInt(words[8], 10, 64)
		received, sent = received+in, sent+out
	}
	return received, sent
}
