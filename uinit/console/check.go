package console

import (
	"fmt"
	"io"
	"os"
)

// maxPassword bounds what CheckPasswordMain reads, in bytes.
const maxPassword = 1024

// CheckPasswordMain is the program "checkpassword NAME": its exit status is 0 where standard input, to its
// end, is the account's password. It lets the SSH server ask without knowing about hashes.
func CheckPasswordMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: checkpassword NAME, with the password on standard input")
		return 2
	}
	password, err := io.ReadAll(io.LimitReader(os.Stdin, maxPassword))
	if err != nil {
		return 1
	}
	defer clear(password)
	rows, err := accounts("/etc")
	if err != nil {
		fmt.Fprintln(os.Stderr, "checkpassword:", err)
		return 1
	}
	if _, ok := admit(rows, args[0], password); !ok {
		return 1
	}
	return 0
}
