package console

import (
	"crypto/subtle"
	"strings"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"github.com/go-crypt/x/yescrypt"
)

// decoy is verified for accounts that no password opens where the machine has no hash at all. It is
// the SHA-512 hash of a password that was thrown away, with the usual number of rounds.
const decoy = "$6$uinitdecoysalt$NdZHBsPMZP8hhR6FwfWF9lDEhRTpLRpMs0BL.akwLjG0T8vL.wWMbsRv38sxA5srGsT03ux3whd51ctSx9tfN/"

// verify says whether password has the hash, which is yescrypt, sha512crypt or sha256crypt as in
// crypt(5). A hash it can't read matches nothing.
func verify(hash string, password []byte) bool {
	switch {
	case strings.HasPrefix(hash, "$y$"):
		got, err := yescrypt.Hash(password, []byte(hash))
		return err == nil && subtle.ConstantTimeCompare(got, []byte(hash)) == 1
	case strings.HasPrefix(hash, "$6$"), strings.HasPrefix(hash, "$5$"):
		digest, err := shacrypt.Decode(hash)
		return err == nil && digest.MatchBytes(password)
	}
	return false
}

// admit looks an account up and verifies its password. An account that is locked or does not exist
// costs a verification as well, against a hash of the kind this machine uses, so that
// time tells nobody which names exist.
func admit(rows map[string]account, name string, password []byte) (account, bool) {
	a, known := rows[name]
	if known && !a.locked() {
		return a, verify(a.hash, password)
	}
	verify(decoyFor(rows), password)
	return account{}, false
}

// decoyFor picks the hash of a real account: root's, or else the first by name.
func decoyFor(rows map[string]account) string {
	if root, ok := rows["root"]; ok && !root.locked() {
		return root.hash
	}
	first := ""
	for name, a := range rows {
		if !a.locked() && (first == "" || name < first) {
			first = name
		}
	}
	if first == "" {
		return decoy
	}
	return rows[first].hash
}
