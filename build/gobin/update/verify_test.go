package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/slot"
)

var manifest = []byte(`{"format":1,"profile":"box","version":"2026.49"}`)

// keygen runs ssh-keygen, and returns what it says.
func keygen(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(needed.Program(t, "ssh-keygen"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen %q: %v: %s", args, err, out)
	}
	return string(out)
}

// newKey has ssh-keygen make a key, and returns its file and its line.
func newKey(t testing.TB, comment string, kind ...string) (file, line string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "key")
	keygen(t, append([]string{"-q", "-N", "", "-C", comment, "-f", file, "-t"}, kind...)...)
	return file, strings.TrimSpace(read(t, file+".pub"))
}

// sign has ssh-keygen sign a text.
func sign(t testing.TB, key, namespace string, text []byte, options ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	keygen(t, append(append([]string{"-q", "-Y", "sign", "-n", namespace, "-f", key}, options...), file)...)
	return []byte(read(t, file+".sig"))
}

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// answer is what the program answers.
func answer(t testing.TB, keys []string, text, signature []byte) string {
	t.Helper()
	var out bytes.Buffer
	in := fmt.Sprintf("manifest %d\n%ssignature %d\n%s", len(text), text, len(signature), signature)
	if err := verifyMain(keys, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	line, ends := strings.CutSuffix(out.String(), "\n")
	if !ends || line != printable(line) {
		t.Errorf("no line: %q", line)
	}
	return line
}

func TestSignatures(t *testing.T) {
	_, other := newKey(t, "other", "ed25519")
	for _, kind := range [][]string{{"ed25519"}, {"rsa", "-b", "3072"}, {"ecdsa", "-b", "256"}, {"ecdsa", "-b", "384"}, {"ecdsa", "-b", "521"}} {
		file, line := newKey(t, "me at home", kind...)
		fingerprint := strings.Fields(keygen(t, "-l", "-f", file))[1]
		keys := []string{other, line}
		sound := sign(t, file, slot.Namespace, manifest)
		for name, s := range map[string][]byte{
			"as usual": sound, "by SHA-256": sign(t, file, slot.Namespace, manifest, "-O", "hashalg=sha256"),
			"with line ends of others": bytes.ReplaceAll(sound, []byte("\n"), []byte("\r\n")),
		} {
			if got := answer(t, keys, manifest, s); got != "ok "+fingerprint+" me at home" {
				t.Errorf("%s, %s: %q", kind, name, got)
			}
		}
		bare := strings.Join(strings.Fields(line)[:2], " ")
		if got := answer(t, []string{bare}, manifest, sound); got != "ok "+fingerprint {
			t.Errorf("%s, without a comment: %q", kind, got)
		}
		for name, tt := range map[string]struct {
			keys            []string
			text, signature []byte
			want            string
		}{
			"of another key":      {[]string{other}, manifest, sound, "error signed by " + fingerprint + ", which is not among update.keys"},
			"of another text":     {keys, append(manifest[:len(manifest):len(manifest)], ' '), sound, "error the signature by " + fingerprint + " is not one of this manifest: "},
			"for another use":     {keys, manifest, sign(t, file, "git", manifest), `error the signature is for another purpose, "git"; accepted: one by ssh-keygen -Y sign -n imgbuild-update`},
			"two":                 {keys, manifest, append(bytes.Clone(sound), sound...), "error the signature is more than one; accepted: one"},
			"with more behind":    {keys, manifest, append(bytes.Clone(sound), 'x'), "error the signature is damaged: its armor is not whole"},
			"with more before":    {keys, manifest, append([]byte("x\n"), sound...), "error the signature is none of SSH; accepted: what ssh-keygen -Y sign writes"},
			"nothing":             {keys, manifest, nil, "error the signature is none of SSH; accepted: what ssh-keygen -Y sign writes"},
			"without its end":     {keys, manifest, sound[:len(sound)-10], "error the signature is damaged: its armor is not whole"},
			"without its rest":    {keys, manifest, sound[:100], "error the signature is damaged: its armor is not whole"},
			"with a line less":    {keys, manifest, withoutLine(sound, 2), "error the signature is damaged: its armor is not whole"},
			"with two lines less": {keys, manifest, withoutLine(withoutLine(sound, 2), 2), "error the signature is damaged: it is not whole"},
			"no key":              {[]string{line, "nonsense"}, manifest, sound, "error update.keys[1]: is no public key of SSH; accepted: one line as in ~/.ssh/id_ed25519.pub"},
			"two keys in a row":   {[]string{line + "\n" + other}, manifest, sound, "error update.keys[0]: is more than one line"},
			"a key with options":  {[]string{`restrict ` + line}, manifest, sound, "error update.keys[0]: has options; accepted: type, key, comment"},
		} {
			if got := answer(t, tt.keys, tt.text, tt.signature); got != tt.want && (tt.want[len(tt.want)-1] != ' ' || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("%s, %s: %q, want %q", kind, name, got, tt.want)
			}
		}
		// A changed sign anywhere is noticed.
		for i := range sound {
			damaged := bytes.Clone(sound)
			if damaged[i] ^= 1; strings.HasPrefix(answer(t, keys, manifest, damaged), "ok ") && !bytes.Equal(decoded(damaged), decoded(sound)) {
				t.Errorf("%s: accepted with %q for %q at %d", kind, damaged[i], sound[i], i)
			}
		}
	}
}

// decoded is what is in an armor. The last sign of base64 has bits that mean nothing.
func decoded(text []byte) []byte {
	b, _ := pem.Decode(text)
	if b == nil {
		return nil
	}
	return b.Bytes
}

func withoutLine(text []byte, n int) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(append(lines[:n:n], lines[n+1:]...), nil)
}

// forged is a signature in a key's name, by whatever signs.
func forged(key ssh.PublicKey, hash string, sign func(data []byte) *ssh.Signature) []byte {
	sum := sha256.Sum256(manifest)
	data := append([]byte(preamble), ssh.Marshal(struct{ Namespace, Reserved, Hash, Sum string }{slot.Namespace, "", hash, string(sum[:])})...)
	blob := ssh.Marshal(struct {
		Version                              uint32
		Key                                  []byte
		Namespace, Reserved, Hash, Signature string
	}{1, key.Marshal(), slot.Namespace, "", hash, string(ssh.Marshal(sign(data)))})
	return pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: append([]byte(preamble), blob...)})
}

// otherVersion is a signature of version 2.
func otherVersion(text []byte) []byte {
	b := decoded(text)
	b[len(preamble)+3] = 2
	return pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: b})
}

func signer(t testing.TB, file string) ssh.AlgorithmSigner {
	t.Helper()
	s, err := ssh.ParsePrivateKey([]byte(read(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	return s.(ssh.AlgorithmSigner)
}

// What is mathematically sound and still no signature of ours: RSA with SHA-1, certificates, other hashes.
func TestWeakSignatures(t *testing.T) {
	file, line := newKey(t, "x", "rsa", "-b", "2048")
	rsa := signer(t, file)
	by := func(algorithm string) func([]byte) *ssh.Signature {
		return func(data []byte) *ssh.Signature {
			s, err := rsa.SignWithAlgorithm(rand.Reader, data, algorithm)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	keygen(t, "-q", "-s", file, "-I", "me", "-n", "root", file+".pub")
	certificateLine := strings.TrimSpace(read(t, file+"-cert.pub"))
	certificate, _, _, _, err := ssh.ParseAuthorizedKey([]byte(certificateLine))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		line, want string
		signature  []byte
	}{
		"sound":                {line, "ok " + ssh.FingerprintSHA256(rsa.PublicKey()) + " x", forged(rsa.PublicKey(), "sha256", by(ssh.KeyAlgoRSASHA256))},
		"RSA with SHA-1":       {line, `error the signature is by "ssh-rsa" with a key of the type "ssh-rsa"; accepted: by a plain key, RSA with SHA-2`, forged(rsa.PublicKey(), "sha256", by(ssh.KeyAlgoRSA))},
		"another version":      {line, "error the signature has the version 2; accepted: 1", otherVersion(forged(rsa.PublicKey(), "sha256", by(ssh.KeyAlgoRSASHA256)))},
		"another hash":         {line, `error the signature is of the hash "md5"; accepted: sha512, sha256`, forged(rsa.PublicKey(), "md5", by(ssh.KeyAlgoRSASHA256))},
		"by a certificate":     {line, `error the signature is by "rsa-sha2-256" with a key of the type "ssh-rsa-cert-v01@openssh.com"; accepted: by a plain key, RSA with SHA-2`, forged(certificate, "sha256", by(ssh.KeyAlgoRSASHA256))},
		"a certificate's line": {certificateLine, `error update.keys[0]: is of the type ssh-rsa-cert-v01@openssh.com, which does not sign updates; accepted: ssh-ed25519, ecdsa-sha2-*, ssh-rsa, sk-*`, forged(rsa.PublicKey(), "sha256", by(ssh.KeyAlgoRSASHA256))},
	} {
		if got := answer(t, []string{tt.line}, manifest, tt.signature); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// A key in a token signs what somebody touched it for (PROTOCOL.u2f of OpenSSH).
func TestTokens(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const application = "ssh:"
	key, err := ssh.ParsePublicKey(ssh.Marshal(struct {
		Type        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, public, application}))
	if err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	for flags, want := range map[byte]string{1: "ok " + ssh.FingerprintSHA256(key), 5: "ok " + ssh.FingerprintSHA256(key), 0: "error ", 4: "error "} {
		s := forged(key, "sha256", func(data []byte) *ssh.Signature {
			app, sum := sha256.Sum256([]byte(application)), sha256.Sum256(data)
			rest := []byte{flags, 0, 0, 0, 7}
			signed := bytes.Join([][]byte{app[:], rest, sum[:]}, nil)
			return &ssh.Signature{Format: key.Type(), Blob: ed25519.Sign(private, signed), Rest: rest}
		})
		if got := answer(t, []string{line}, manifest, s); got != want && (want != "error " || !strings.HasPrefix(got, want)) {
			t.Errorf("flags %d: %q, want %q", flags, got, want)
		}
	}
}

func TestVerifyReadsWhatItIsTold(t *testing.T) {
	blob := func(word string, n int) string { return fmt.Sprintf("%s %d\n%s", word, n, strings.Repeat("x", n)) }
	for _, in := range []string{
		"", "manifest", "manifest 1\n", "manifest 1\nx", "manifest 1\nxsignature\n", "manifest 1\nxsignature 2\ny", "signature 0\nmanifest 0\n", "manifest -1\n",
		blob("manifest", slot.MaxManifest+1) + blob("signature", 1), blob("manifest", 1) + blob("signature", maxSignature+1),
	} {
		var out bytes.Buffer
		if err := verifyMain([]string{"x"}, strings.NewReader(in), &out); !strings.Contains(fmt.Sprint(err), errProtocol.Error()) || out.Len() > 0 {
			t.Errorf("%q: %v, %q", in, err, out.String())
		}
	}
}

// Nothing that is written in place of a signature does harm, and only what is one is accepted.
func FuzzSignature(f *testing.F) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		f.Fatal(err)
	}
	line := string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(s.PublicKey())))
	by := func(data []byte) *ssh.Signature {
		return &ssh.Signature{Format: ssh.KeyAlgoED25519, Blob: ed25519.Sign(private, data)}
	}
	sound := forged(s.PublicKey(), "sha256", by)
	for _, seed := range [][]byte{sound, sound[:150], forged(s.PublicKey(), "sha512", by), nil} {
		f.Add(seed)
	}
	want := decoded(sound)
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := whoSigned([]string{line}, manifest, text)
		// All but the field that is reserved is signed, or compared with what is known.
		if err == nil && (string(k.Marshal()) != string(s.PublicKey().Marshal()) || len(decoded(text)) < len(want)) {
			t.Errorf("%q is accepted", text)
		}
	})
}
