package passwd

import (
	"fmt"
	"strings"
)

// SetHash gives an account another password hash in the text of shadow(5) and returns the new text. The error is ErrNone where no row
// has the account.
func SetHash(shadow, user, hash string) (string, error) {
	lines := strings.SplitAfter(shadow, "\n")
	for i, line := range lines {
		fields := strings.SplitN(line, ":", 3)
		if len(fields) == 3 && fields[0] == user {
			lines[i] = user + ":" + hash + ":" + fields[2]
			return strings.Join(lines, ""), nil
		}
	}
	return "", fmt.Errorf("setting the password of %s: %w", user, ErrNone)
}
