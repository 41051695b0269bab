package boot

// leader is Ctrl-A, as in QEMU's -nographic and in screen(1).
const leader = 0x01

// help is what Ctrl-A h prints.
const help = "\r\nCtrl-A x  end the virtual machine\r\nCtrl-A b  send a break (SysRq)\r\nCtrl-A Ctrl-A  send Ctrl-A\r\n"

// action is what a person asked of the terminal rather than of the guest.
type action int

const (
	none action = iota
	leave
	showHelp
	sendBreak
)

// escapes finds key sequences in what is typed. The leader may be the last byte of
// one read and its key the first of the next.
type escapes struct{ led bool }

// feed splits typed bytes: those for the guest up to the first action, the
// action, and what was typed after it.
func (e *escapes) feed(typed []byte) (guest []byte, do action, rest []byte) {
	for i, b := range typed {
		if !e.led {
			if e.led = b == leader; !e.led {
				guest = append(guest, b)
			}
			continue
		}
		e.led = false
		switch b {
		case 'x', 'X':
			return guest, leave, typed[i+1:]
		case 'h', 'H', '?':
			return guest, showHelp, typed[i+1:]
		case 'b', 'B':
			return guest, sendBreak, typed[i+1:]
		case 'a', 'A', leader:
			guest = append(guest, leader)
		default:
			// Not ours: the guest gets both.
			guest = append(guest, leader, b)
		}
	}
	return guest, none, nil
}
