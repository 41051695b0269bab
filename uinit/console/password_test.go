package console

import (
	"strings"
	"testing"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"github.com/go-crypt/x/yescrypt"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Hashes of "sesame" that libcrypt made.
var vectors = map[string]string{
	"yescrypt":                 "$y$j9T$abcdefgh$LRqEFPcKtOgeEYaTv96nCtHgGBZLGjkBqWtuMCgWV49",
	"yescrypt, less memory":    "$y$j75$abcdefgh$vd9GBZ0X.Wgh3dsxBvCnIOYDItsueGfttJXG763.dDA",
	"sha512crypt":              "$6$saltsalt$g3uPFdehVnKoLXdidvSAg1zlVgYomPr0X/xgdXSBn2LuxZUOGgYW4IULZkguZ77fzYteIur49AGHmF9iek6Sf1",
	"sha512crypt, 1500 rounds": sesame,
	"sha256crypt":              "$5$saltsalt$Arv3XkXcPR5LHLrzVCBdKV5hwRocYIyFvUvGa9tbc06",
	"sha256crypt, 1000 rounds": "$5$rounds=1000$saltsalt$30.yc4HsSpLTxr3NqKw4EhPINDzNTqzxg9qelAitDW2",
}

func TestVerify(t *testing.T) {
	for name, hash := range vectors {
		for password, want := range map[string]bool{"sesame": true, "Sesame": false, "": false, "sesame ": false} {
			if got := verify(hash, []byte(password)); got != want {
				t.Errorf("%s, %q: %v, want %v", name, password, got, want)
			}
		}
		if verify(hash[:len(hash)-1], []byte("sesame")) {
			t.Errorf("%s: a hash cut short matches", name)
		}
	}
	if !verify("$y$j75$salzsalz$13CIRshpcn8AB9Oi.d0dvBh/7aFJEZlFCt2O99fm3V8", []byte("geheim äöü")) {
		t.Error("a password in UTF-8 does not match")
	}
	for _, hash := range []string{"", "!", "*", "x", "$", "$y$", "$y$j9T$", "$6$", "$6$salt", "$6$salt$", "$5$rounds=$s$x", "$1$salt$hash", "sesame", "!" + sesame} {
		for _, password := range []string{"", "sesame", hash} {
			if verify(hash, []byte(password)) {
				t.Errorf("the hash %q lets %q in", hash, password)
			}
		}
	}
}

// The decoy must cost what a hash costs: it has to be one that can be read.
func TestDecoy(t *testing.T) {
	digest, err := shacrypt.Decode(decoy)
	if err != nil || digest.Encode() != decoy || strings.Count(decoy, "$") != 3 { // no number of rounds: the usual one
		t.Errorf("the decoy is read as %v, %v", digest, err)
	}
	rows := map[string]account{"root": {hash: "!"}, "ann": {hash: sesame}, "bob": {hash: "$5$x$y"}}
	if got := decoyFor(rows); got != sesame {
		t.Errorf("decoy %q, want the first account's hash", got)
	}
	if got := decoyFor(nil); got != decoy {
		t.Errorf("decoy %q without accounts", got)
	}
}

// A damaged hash must neither match nor stop the login.
func FuzzVerify(f *testing.F) {
	f.Add("$y$j75$abcdefgh$vd9GBZ0X.Wgh3dsxBvCnIOYDItsueGfttJXG763.dDA")
	f.Add("$5$rounds=1000$saltsalt$30.yc4HsSpLTxr3NqKw4EhPINDzNTqzxg9qelAitDW2")
	f.Fuzz(func(t *testing.T, hash string) {
		if strings.Contains(hash, "rounds=") && !strings.Contains(hash, "rounds=1000$") || strings.HasPrefix(hash, "$y$") && !strings.HasPrefix(hash, "$y$j7") {
			t.Skip("the owner of the hash decides what it costs")
		}
		if verify(hash, []byte("no such password")) {
			t.Errorf("%q lets anybody in", hash)
		}
	})
}

// What profiles, site.toml and the host may bring is what verify reads: any other hash would lock people out.
func TestProfilesKnowWhatIsVerified(t *testing.T) {
	readable := func(hash string) bool {
		if strings.HasPrefix(hash, "$y$") {
			got, err := yescrypt.Hash([]byte("sesame"), []byte(hash))
			return err == nil && len(got) == len(hash)
		}
		_, err := shacrypt.Decode(hash)
		return err == nil
	}
	for name, hash := range vectors {
		if !profileTakes(hash) || !readable(hash) {
			t.Errorf("%s: a profile takes it: %v", name, profileTakes(hash))
		}
		for _, bad := range []string{hash[:len(hash)-1], hash + ".", hash[1:], "!" + hash, strings.Replace(hash, "$", "", 1)} {
			if profileTakes(bad) {
				t.Errorf("%s: a profile takes %q", name, bad)
			}
		}
	}
	const least = "$y$j75$"
	for _, salt := range []string{"", ".", "..", "./", ".1", ".z", "...", "../", "..C", "..D", "..E", "....", ".....", "......", strings.Repeat(".", 84), strings.Repeat(".", 86)} {
		hash := least + salt + "$" + strings.Repeat(".", 43)
		if profileTakes(hash) && !readable(hash) {
			t.Errorf("a profile takes the salt %q, and yescrypt does not", salt)
		}
	}
}

func profileTakes(hash string) bool {
	var p spec.PasswordHash
	return p.UnmarshalText([]byte(hash)) == nil
}
