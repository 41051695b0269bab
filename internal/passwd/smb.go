package passwd

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// SMBFile is where Samba's server finds NT hashes (smbpasswd(5)).
const SMBFile = "/etc/samba/smbpasswd"

// SMBLine is a row of it. The time of the last change must not be 0, or the password counts as expired.
func SMBLine(name string, uid uint32, hash string) string {
	return fmt.Sprintf("%s:%d:%s:%s:[U          ]:LCT-00000001:\n", name, uid, strings.Repeat("X", 32), hash)
}

// SetSMB gives an account another row in a file of them, which is replaced as a whole.
func SetSMB(file, name string, uid uint32, hash string) error {
	old, err := bounded.Read(file, limit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading NT hashes: %w", err)
	}
	var rest strings.Builder
	for line := range strings.Lines(string(old)) {
		if !strings.HasPrefix(line, name+":") {
			rest.WriteString(line)
		}
	}
	return bounded.Write(file, []byte(rest.String()+SMBLine(name, uid, hash)), 0o600)
}
