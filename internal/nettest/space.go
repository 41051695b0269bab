package nettest

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Space makes a network namespace, which lasts as long as its file is open and for those who are in it.
func Space(t *testing.T) *os.File {
	t.Helper()
	var file *os.File
	err := once(func() error {
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		if err == nil {
			file, err = os.Open("/proc/thread-self/ns/net")
		}
		return err
	})
	if err != nil {
		t.Skipf("no second network namespace here: %v", err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// once runs a function on a thread that nobody uses afterwards. It is never the first one, which cannot end, and would stay where the
// function has brought it.
func once(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if syscall.Gettid() == os.Getpid() {
			defer runtime.UnlockOSThread()
			done <- once(f)
			return
		}
		done <- f() // never unlocked: the thread ends with the goroutine
	}()
	return <-done
}

// Serve answers whoever asks at an address, by tcp or udp, with a word and who he is: "hello to 192.0.2.9". within runs functions in the
// namespace of the server.
func Serve(t *testing.T, within func(func() error) error, network, at, word string) {
	t.Helper()
	var end io.Closer
	err := within(func() error {
		if network == "udp" {
			conn, err := net.ListenPacket(network, at)
			if err == nil {
				end = conn
				go answer(conn, word)
			}
			return err
		}
		l, err := net.Listen(network, at)
		if err == nil {
			end = l
			go accept(l, word)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end.Close() })
}

func accept(l net.Listener, word string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Fprint(c, greeting(word, c.RemoteAddr()))
		c.Close()
	}
}

func answer(conn net.PacketConn, word string) {
	for b := make([]byte, 100); ; {
		_, from, err := conn.ReadFrom(b)
		if err != nil {
			return
		}
		_, _ = conn.WriteTo([]byte(greeting(word, from)), from)
	}
}

func greeting(word string, to net.Addr) string {
	host, _, _ := net.SplitHostPort(to.String())
	return word + " to " + host
}

// Ask is what is answered at an address to who asks there, from the namespace that within runs functions in; nobody has longer than limit
// for it.
func Ask(within func(func() error) error, network, at string, limit time.Duration) (word string, err error) {
	err = within(func() error {
		c, err := net.DialTimeout(network, at, limit)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
			return err
		}
		if network == "udp" {
			if _, err := c.Write([]byte("?")); err != nil {
				return err
			}
			b := make([]byte, 100)
			n, err := c.Read(b)
			word = string(b[:n])
			return err
		}
		b, err := io.ReadAll(c)
		word = string(b)
		return err
	})
	return word, err
}

// Eventually waits for what the kernel does in its own time.
func Eventually(t *testing.T, otherwise string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal(otherwise)
		}
	}
}
