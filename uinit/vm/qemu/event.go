package qemu

import (
	"encoding/json"
	"fmt"
	"math/bits"

	"github.com/imgbuild/imgbuild/internal/qmp"
)

// eventData is what sentences need of all events together (docs/interop/qemu-qmp-ref in QEMU's source).
type eventData struct {
	Node      string `json:"node-name"`
	Operation string
	Action    string
	Reason    string
	Message   string `json:"msg"`
	Fatal     bool
	Guest     bool
	Recipient string
}

// sentenceOf says what happened to a guest, for who looks after it; "" where that is nobody's business.
func sentenceOf(e qmp.Event) string {
	var d eventData
	if len(e.Data) > 0 && json.Unmarshal(e.Data, &d) != nil {
		return ""
	}
	switch e.Name {
	case "BLOCK_IO_ERROR":
		follows := map[string]string{"stop": "the guest is paused", "report": "the guest is told", "ignore": "the guest is not told"}[d.Action]
		return fmt.Sprintf("disk %s: %s: %s; %s", diskOf(d.Node), d.Operation, d.Reason, follows)
	case "BLOCK_IMAGE_CORRUPTED":
		follows := map[bool]string{true: "; it is not used any more", false: ""}[d.Fatal]
		return fmt.Sprintf("disk %s is damaged: %s%s", diskOf(d.Node), d.Message, follows)
	case "GUEST_PANICKED":
		return "the guest's kernel has panicked"
	case "GUEST_CRASHLOADED":
		return "the guest's kernel has panicked, and its crash kernel takes over"
	case "WATCHDOG":
		return "the guest did not serve its watchdog, which does this: " + d.Action
	case "MEMORY_FAILURE":
		return fmt.Sprintf("memory of this machine is broken; of %s, and what is done: %s", d.Recipient, d.Action)
	case "SUSPEND":
		return "the guest sleeps"
	case "WAKEUP":
		return "the guest is awake again"
	case "RESET":
		if d.Guest {
			return "the guest has restarted itself"
		}
	case "SHUTDOWN":
		switch d.Reason {
		case "guest-shutdown":
			return "the guest has switched itself off"
		case "host-error":
			return "QEMU gives the guest up"
		}
	}
	return ""
}

// tally counts sentences, and passes them on the first time, the second, the fourth, the eighth: a guest that restarts itself
// each second, or a disk whose every write fails, does not fill the log.
type tally map[string]int

func (t tally) say(sentence string, say func(string)) {
	t[sentence]++
	switch n := t[sentence]; {
	case n == 1:
		say(sentence)
	case bits.OnesCount(uint(n)) == 1:
		say(fmt.Sprintf("%s (%d times by now)", sentence, n))
	}
}
