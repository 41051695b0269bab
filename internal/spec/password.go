package spec

import (
	"strconv"
	"strings"
)

// PasswordHash is a hash in the form of crypt(5).
type PasswordHash string

// Secret marks values that no output shows.
func (PasswordHash) Secret() {}

// UnmarshalText accepts yescrypt, sha512crypt and sha256crypt as far as uinit's login verifies them. A hash that it does not
// would let nobody in, so lengths and alphabets are held to crypt(5). The error does not show what was given: it may be
// a hash with a character too few, or a password.
func (p *PasswordHash) UnmarshalText(b []byte) error {
	s := string(b)
	why := ""
	switch id, rest := cutMethod(s); id {
	case "y":
		why = yescrypt(rest)
	case "6":
		why = shacrypt(rest, 86, 3)
	case "5":
		why = shacrypt(rest, 43, 15)
	default:
		why = "not a password hash"
		if strings.HasPrefix(s, "!") || strings.HasPrefix(s, "*") {
			why += " (an account without one is locked)"
		}
	}
	if why != "" {
		return Unaccepted(`$y$..., $6$... or $5$..., as "imgbuild hash" or "mkpasswd -m yescrypt" print them`, "%s", why)
	}
	*p = PasswordHash(s)
	return nil
}

// cutMethod takes the method's name off a hash: $NAME$REST.
func cutMethod(s string) (name, rest string) {
	s, ok := strings.CutPrefix(s, "$")
	name, rest, more := strings.Cut(s, "$")
	if !ok || !more {
		return "", ""
	}
	return name, rest
}

// shacrypt judges [rounds=N$]SALT$HASH (crypt(5), sha512crypt and sha256crypt). The last character holds the bits that are
// left of the digest, and so is at most last.
func shacrypt(s string, length, last int) string {
	if rounds, rest, ok := strings.Cut(s, "$"); ok && strings.HasPrefix(rounds, "rounds=") {
		n, err := strconv.Atoi(rounds[len("rounds="):])
		if err != nil || n < 1000 || n > 999_999_999 || rounds[len("rounds=")] == '0' || rounds[len("rounds=")] == '+' {
			return "a password hash whose rounds are not 1000 to 999999999"
		}
		s = rest
	}
	salt, hash, _ := strings.Cut(s, "$")
	if len(salt) < 1 || len(salt) > 16 || strings.ContainsFunc(salt, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) {
		return "a password hash whose salt has not 1 to 16 characters"
	}
	return digest(hash, length, last)
}

// yescrypt judges jNR$SALT$HASH: of the parameters that crypt(5) knows, those that mkpasswd(1) and libxcrypt write, 1 MiB to
// 1 GiB of memory; go-crypt verifies no others.
func yescrypt(s string) string {
	parts := strings.Split(s, "$")
	if len(parts) != 3 {
		return "a password hash that is not whole"
	}
	setting, salt := parts[0], parts[1]
	// 2^10 to 2^18 blocks, each of 1 to 32 times 128 octets.
	value := func(i int) int { return strings.IndexByte(alphabet64, setting[i]) }
	if len(setting) != 3 || setting[0] != 'j' || value(1) < 9 || value(1) > 17 || value(2) < 0 || value(2) > 31 {
		return "a password hash with parameters that uinit does not know"
	}
	// Whole octets, four characters for three; what is left of the last has no bits beyond them.
	rest, most := len(salt)%4, [4]int{63, -1, 3, 15}
	if len(salt) > 86 || rest == 1 || strings.Trim(salt, alphabet64) != "" ||
		salt != "" && strings.IndexByte(alphabet64, salt[len(salt)-1]) > most[rest] {
		return "a password hash whose salt is not whole"
	}
	return digest(parts[2], 43, 15)
}

// alphabet64 is that of crypt(5), in the order of the values.
const alphabet64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func digest(hash string, length, last int) string {
	switch {
	case len(hash) != length:
		return "a password hash of " + strconv.Itoa(len(hash)) + " characters after the salt, where " + strconv.Itoa(length) + " belong"
	case strings.Trim(hash, alphabet64) != "":
		return "a password hash with characters that none has"
	case strings.IndexByte(alphabet64, hash[length-1]) > last:
		return "a password hash that is not whole"
	}
	return ""
}
