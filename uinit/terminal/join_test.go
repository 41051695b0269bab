package terminal

import (
	"bufio"
	"net"
	"strings"
	"testing"
)

// What is typed after Ctrl-] stays here.
func TestTypeInto(t *testing.T) {
	here, there := net.Pipe()
	heard := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(there).ReadString(0)
		heard <- text
	}()
	typeInto(here, strings.NewReader("ls\r\x1dexit\r"))
	here.Close()
	if got := <-heard; got != "ls\r" {
		t.Errorf("the guest hears %q", got)
	}
}
