// Command update fetches new versions of the system, and says who signed them. uinit starts it without any rights in an empty root, and
// believes nothing that it says but after a look of its own: what is fetched has hashes. Descriptor 0 is a socket to uinit, or any pair of
// ways to and from who asks.
//
//	update fetch [-ca] [-tries N] [-stall TIME] [-pause TIME] [-most BYTES]
//
// reads and writes lines in ASCII of at most 4096 bytes each:
//
//	dns ADDRESS,...            what answers for names from now on; "dns" alone: nothing
//	get OFFSET LENGTH URL      asks for so many bytes from there on, or as many as there are; length 0: all of them
//	size TOTAL                 once an answer, before data: what the whole has; -1 where the server does not say
//	data N                     N bytes follow, at most 65536
//	wait TEXT                  it goes on after a while, and why
//	end                        all was given
//	error TEXT                 it gave up
//
// One get at a time; it ends where the input ends. With -ca descriptor 3 is a PEM file with the certificates that servers are known by;
// else https is refused.
//
//	update verify KEY...
//
// reads "manifest N" and N bytes, "signature N" and N bytes, and answers "ok FINGERPRINT COMMENT" or "error TEXT". A key is a line of
// authorized_keys, the signature one of ssh-keygen -Y sign.
//
// Its status is 2 where it was told what it does not understand, 1 where it cannot work, else 0.
package main

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	err := fmt.Errorf("%w: accepted: update fetch [-ca], update verify KEY [KEY...]", errProtocol)
	if len(args) > 0 {
		switch args[0] {
		case "fetch":
			err = fetchMain(args[1:])
		case "verify":
			err = verifyMain(args[1:], os.Stdin, os.Stdin)
		}
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case !errors.Is(err, errFlags): // of which the flag package has spoken
		fmt.Fprintln(os.Stderr, "update:", err)
	}
	if errors.Is(err, errProtocol) || errors.Is(err, errFlags) {
		return 2
	}
	return 1
}

// errFlags is for flags that are not understood.
var errFlags = errors.New("flags")

// certificates is the number of the descriptor that -ca speaks of, and maxCertificates how many bytes it may have: those of all the
// world's authorities are 220 kB.
const (
	certificates    = 3
	maxCertificates = 2 << 20
)

func fetchMain(args []string) error {
	p := usual
	f := flag.NewFlagSet("update fetch", flag.ContinueOnError)
	ca := f.Bool("ca", false, "descriptor 3 has the certificates that servers are known by")
	f.IntVar(&p.tries, "tries", p.tries, "attempts that may bring nothing before it gives up")
	f.DurationVar(&p.stall, "stall", p.stall, "how long no byte may come")
	f.DurationVar(&p.first, "pause", p.first, "the first pause between attempts")
	f.Int64Var(&p.most, "most", p.most, "bytes that are taken of what is asked for as a whole")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil || f.NArg() > 0 || p.tries < 1 || p.stall <= 0 || p.first < 0 || p.most < 1 {
		fmt.Fprintln(f.Output(), "update: accepted: update fetch [-ca] [-tries N] [-stall TIME] [-pause TIME] [-most BYTES]")
		return errFlags
	}
	var trusted *x509.CertPool
	if *ca {
		var err error
		if trusted, err = readCertificates(os.NewFile(certificates, "certificates")); err != nil {
			return err
		}
	}
	return serve(context.Background(), os.Stdin, os.Stdin, newFetcher(p, trusted))
}

func readCertificates(from io.ReadCloser) (*x509.CertPool, error) {
	defer from.Close()
	text, err := io.ReadAll(io.LimitReader(from, maxCertificates+1))
	if err != nil {
		return nil, fmt.Errorf("reading the certificates to trust: %w", err)
	}
	pool := x509.NewCertPool()
	if len(text) > maxCertificates || !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("reading the certificates to trust: none in %d bytes; accepted: a PEM file of at most %d", len(text), maxCertificates)
	}
	return pool, nil
}
