// Command guest is an init for tests of the machinery around a guest: it does
// what guest=… on the kernel line says, and nothing an appliance would do.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/imgbuild/imgbuild/internal/report"
)

func main() {
	os.Mkdir("/proc", 0o755)
	syscall.Mount("proc", "/proc", "proc", 0, "")
	line, _ := os.ReadFile("/proc/cmdline")
	behaviour := ""
	for word := range strings.FieldsSeq(string(line)) {
		if v, ok := strings.CutPrefix(word, "guest="); ok {
			behaviour = v
		}
	}
	fmt.Printf("guest does %s\n", behaviour)
	switch behaviour {
	case "panic":
		os.Exit(1) // what the kernel cannot survive
	case "poweroff":
		syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	case "reset":
		syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART)
	case "echo":
		echo()
	case "ask":
		ask()
		syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	}
	for {
		time.Sleep(time.Hour) // not select {}: the runtime calls that a deadlock
	}
}

// echo says what it read on the console, whatever keys those were.
func echo() {
	var raw [36]byte // struct termios of the kernel: four words of flags, then c_line and c_cc
	tty := os.Stdin.Fd()
	syscall.Syscall(syscall.SYS_IOCTL, tty, syscall.TCGETS, uintptr(unsafe.Pointer(&raw)))
	raw[12] &^= syscall.ISIG | syscall.ECHO
	syscall.Syscall(syscall.SYS_IOCTL, tty, syscall.TCSETS, uintptr(unsafe.Pointer(&raw)))
	fmt.Print("name: ")
	name, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Printf("hello %q!\n", strings.TrimSpace(name))
}

// ask reports on ttyS1, asks for a name on the console, and ends in good order.
func ask() {
	port, err := os.OpenFile("/dev/ttyS1", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	say := func(e report.Event) { json.NewEncoder(port).Encode(e) }
	say(report.Event{Kind: report.KindHello, Uptime: 1})
	say(report.Event{Kind: report.KindUnit, Name: "ask", State: "ok"})
	say(report.Event{Kind: report.KindFact, Name: "answer", Value: 42})
	var one, two syscall.Stat_t
	syscall.Stat("/one", &one)
	syscall.Stat("/two", &two)
	text, _ := os.ReadFile("/one")
	say(report.Event{Kind: report.KindFact, Name: "names", Value: []any{one.Ino == two.Ino, one.Nlink, two.Nlink, string(text)}})
	say(report.Event{Kind: report.KindBoot, State: "ok", Uptime: 2})
	fmt.Print("name: ")
	in := bufio.NewReader(io.LimitReader(os.Stdin, 100))
	name, _ := in.ReadString('\n')
	fmt.Printf("hello %s!\n", strings.TrimSpace(name))
	say(report.Event{Kind: report.KindDone, State: "poweroff"})
	// Nobody acknowledges on a serial port; what was written is out when this returns.
	syscall.Syscall(syscall.SYS_IOCTL, port.Fd(), 0x5409, 1) // TCSBRK, tcdrain(3)
}
