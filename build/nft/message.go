package nft

import (
	"regexp"
	"strconv"
	"strings"
)

// Message is one thing that nft finds wrong.
type Message struct {
	Place
	Text string
}

// message is how nft reports: "/etc/nftables.nft:3:9-11: Error: syntax error, unexpected fwd". Text drawn below is not for us.
var message = regexp.MustCompile(`(?m)^(/[^:\n]+):(\d+):(\d+)(?:-[\d:]+)?: Error: (.+)$`)

// Messages reads what nft wrote.
func Messages(output string) []Message {
	var all []Message
	for _, m := range message.FindAllStringSubmatch(output, -1) {
		line, _ := strconv.Atoi(m[2])
		col, _ := strconv.Atoi(m[3])
		all = append(all, Message{Place{m[1], line, col}, strings.TrimSpace(m[4])})
	}
	return all
}

// doubtful says that another kernel might accept what this one refused: it is the kernel's answer and not
// nft's own. A kernel that lacks a kind of expression answers as if a chain were missing.
func doubtful(all []Message) bool {
	for _, m := range all {
		if !strings.HasPrefix(m.Text, "Could not process rule") {
			return false
		}
	}
	return true
}
