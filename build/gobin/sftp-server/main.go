// Command sftp-server serves the SFTP protocol, version 3 (draft-ietf-secsh-filexfer-02), on standard input
// and output, with the rights of whoever runs it. sshd starts it; scp(1) of OpenSSH 9 asks for it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pkg/sftp"
)

func main() { os.Exit(run(os.Stdin, os.Stdout)) }

func run(in io.Reader, out io.WriteCloser) int {
	s, err := sftp.NewServer(struct {
		io.Reader
		io.WriteCloser
	}{in, out})
	if err == nil {
		err = s.Serve()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "sftp-server:", err)
		return 1
	}
	return 0
}
