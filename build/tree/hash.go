package tree

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// hashForms are passwords' hashes as in shadow(5), an htpasswd file or a script: whole ones, with salt and digest in the lengths
// that each method has (crypt(5); Apache's apr1; Argon2's string form; GRUB's grub-mkpasswd-pbkdf2).
var hashForms = []string{
	`\$(?:1|apr1)\$[^$:\s]{0,8}\$[./0-9A-Za-z]{22}`,
	`\$md5(?:,rounds=[0-9]+)?\$[./0-9A-Za-z]{1,8}\${1,2}[./0-9A-Za-z]{22}`,
	`\$sha1\$[0-9]+\$[./0-9A-Za-z]{1,64}\$[./0-9A-Za-z]{28}`,
	`\$2[abxy]\$[0-9]{2}\$[./0-9A-Za-z]{53}`,
	`\$5\$(?:rounds=[0-9]+\$)?[^$:\s]{1,16}\$[./0-9A-Za-z]{43}`,
	`\$6\$(?:rounds=[0-9]+\$)?[^$:\s]{1,16}\$[./0-9A-Za-z]{86}`,
	`\$7\$[./0-9A-Za-z]{11,97}\$[./0-9A-Za-z]{43}`,
	`\$g?y\$[./0-9A-Za-z]{3,}\$[./0-9A-Za-z]{0,86}\$[./0-9A-Za-z]{43}`,
	`\$argon2(?:i|d|id)\$(?:v=[0-9]+\$)?m=[0-9]+,t=[0-9]+,p=[0-9]+\$[+/0-9A-Za-z]{8,}\$[+/0-9A-Za-z]{16,}`,
	`grub\.pbkdf2\.sha512\.[0-9]+\.[0-9A-Fa-f]+\.[0-9A-Fa-f]{32}`,
}

// hashes is compiled when there is something to look at: so many repetitions take as long as all else that a start does.
var hashes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(strings.Join(hashForms, "|")) })

// isHash says whether a password's hash is in a text.
func isHash(b []byte) bool {
	return (bytes.IndexByte(b, '$') >= 0 || bytes.Contains(b, []byte("grub.pbkdf2."))) && hashes().Match(b)
}
