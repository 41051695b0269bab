package spec

import (
	"strings"
	"testing"
)

func TestGRUBHash(t *testing.T) {
	salt, hash := strings.Repeat("0A", 64), strings.Repeat("fF", 64)
	for text, want := range map[string]string{
		"grub.pbkdf2.sha512.10000." + salt + "." + hash:          "",
		"grub.pbkdf2.sha512.1000." + salt[:16] + "." + hash[:32]: "",
		"":                                 "not a password hash of GRUB",
		"secret":                           "not a password hash of GRUB",
		"$6$a$b":                           "not a password hash of GRUB",
		"grub.pbkdf2.sha512.10000." + salt: "not a password hash of GRUB",
		"grub.pbkdf2.sha512.10000." + salt + "." + hash + ".":                "not a password hash of GRUB",
		"grub.pbkdf2.sha256.10000." + salt + "." + hash:                      "not a password hash of GRUB",
		"grub.pbkdf2.sha512.999." + salt + "." + hash:                        "iterations from 1000 to 10000000",
		"grub.pbkdf2.sha512.99999999999999999999." + salt + "." + hash:       "iterations from",
		"grub.pbkdf2.sha512.+10000." + salt + "." + hash:                     "iterations from",
		"grub.pbkdf2.sha512.." + salt + "." + hash:                           "iterations from",
		"grub.pbkdf2.sha512.10000." + salt[:15] + "." + hash:                 "whose salt is not",
		"grub.pbkdf2.sha512.10000.." + hash:                                  "whose salt is not",
		"grub.pbkdf2.sha512.10000." + salt + "." + hash + "\n":               "whose hash is not",
		"grub.pbkdf2.sha512.10000." + salt + ".x" + hash[1:]:                 "whose hash is not",
		"grub.pbkdf2.sha512.10000." + salt + "." + strings.Repeat("00", 257): "whose hash is not",
	} {
		var h GRUBHash
		err := h.UnmarshalText([]byte(text))
		switch {
		case want == "" && (err != nil || string(h) != text):
			t.Errorf("%.40q: %v, %q", text, err, h)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "; accepted: grub.pbkdf2.sha512.")):
			t.Errorf("%.40q: %v, want …%s…", text, err, want)
		case want != "" && text != "" && strings.Contains(err.Error(), text):
			t.Errorf("the message repeats %q, which may be a password", text)
		}
	}
}
