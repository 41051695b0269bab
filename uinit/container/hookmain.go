package container

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// hookMain is that program: crun tells it by its standard input which container that is (the runtime specification's state), and takes a
// status that is not 0 for a reason not to start it.
func hookMain(args []string) int {
	if err := callInit(os.Stdin, args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func callInit(state io.Reader, args []string) error {
	var s specs.State
	if err := json.NewDecoder(state).Decode(&s); err != nil || len(args) != 1 {
		return cmp.Or(err, errors.New("this is for crun"))
	}
	conn, err := net.Dial("unix", hookSocket(args[0]))
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, s.Pid); err != nil {
		return err
	}
	if said, err := io.ReadAll(conn); err != nil || len(said) > 0 {
		return cmp.Or(err, errors.New(strings.TrimSpace(string(said))))
	}
	return nil
}
