package spec

import (
	"strings"
	"testing"
)

func TestPasswordHash(t *testing.T) {
	const (
		y = "$y$j9T$abcdefgh$LRqEFPcKtOgeEYaTv96nCtHgGBZLGjkBqWtuMCgWV49"
		s = "$6$saltsalt$g3uPFdehVnKoLXdidvSAg1zlVgYomPr0X/xgdXSBn2LuxZUOGgYW4IULZkguZ77fzYteIur49AGHmF9iek6Sf1"
		f = "$5$saltsalt$Arv3XkXcPR5LHLrzVCBdKV5hwRocYIyFvUvGa9tbc06"
	)
	with := func(hash, old, to string) string { return strings.Replace(hash, old, to, 1) }
	for hash, want := range map[string]bool{
		y: true, s: true, f: true,
		with(s, "$6$", "$6$rounds=5000$"): true, with(f, "$5$", "$5$rounds=999999999$"): true,
		with(y, "j9T", "j75"): true, with(y, "j9T", "jFT"): true, with(y, "abcdefgh", ""): true, with(y, "abcdefgh", "ab/"): true,
		with(s, "saltsalt", "a-b!c d"): false, with(s, "saltsalt", "s"): true, with(s, "saltsalt", strings.Repeat("s", 16)): true,
		// As they come out of a bad copy.
		s[:len(s)-1]: false, s + "x": false, s[:20]: false, s + "\n": false, " " + s: false, with(s, "/", "_"): false, s[:len(s)-1] + "z": false,
		y[:len(y)-1]: false, y + ".": false, y[:len(y)-1] + "z": false, f[:len(f)-1] + "z": false, f + f: false, s + ":": false, y + "$": false,
		with(s, "saltsalt", ""): false, with(s, "saltsalt", strings.Repeat("s", 17)): false, with(y, "abcdefgh", "abcde"): false, with(y, "abcdefgh", "abz"): false,
		// Of another method, or with parameters that nobody verifies.
		with(s, "$6$", "$5$"): false, with(f, "$5$", "$6$"): false, with(s, "$6$", "$6$rounds=999$"): false, with(s, "$6$", "$6$rounds=1e4$"): false,
		with(s, "$6$", "$6$rounds=$"): false, with(s, "$6$", "$6$rounds=05000$"): false, with(s, "$6$", "$6$rounds=+5000$"): false, with(s, "$6$", "$6$rounds=1000000000$"): false,
		with(y, "j9T", "j6T"): false, with(y, "j9T", "jGT"): false, with(y, "j9T", "j9U"): false, with(y, "j9T", "k9T"): false, with(y, "j9T", "j9T/"): false,
		"$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/": false, "$2b$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy": false, "$7$CU..../....": false, "$gy$" + y[3:]: false,
		"": false, "!": false, "*": false, "!" + s: false, "$": false, "$6": false, "$6$": false, "$y$": false, "$y$$$": false, "secret": false,
	} {
		var p PasswordHash
		err := p.UnmarshalText([]byte(hash))
		if (err == nil) != want || want && string(p) != hash {
			t.Errorf("%q: %v, want it accepted: %v", hash, err, want)
		}
		if err != nil && len(hash) > 12 && strings.Contains(err.Error(), hash[4:12]) {
			t.Errorf("the error shows the hash: %v", err)
		}
	}
}
