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
	ok, err := checkPassword(etcDir, args[0], os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "checkpassword:", err)
	}
	if !ok {
		return 1
	}
	return 0
}

// checkPassword says whether what r holds is the password of an account below etc.
func checkPassword(etc, name string, r io.Reader) (bool, error) {
	// One more than may be: a longer password must not match by its beginning.
	password, err := io.ReadAll(io.LimitReader(r, maxPassword+1))
	defer clear(password)
	if err != nil || len(password) > maxPassword {
		return false, err
	}
	rows, err := accounts(etc)
	if err != nil {
		return false, err
	}
	_, ok := admit(rows, name, password)
	return ok, nil
}
