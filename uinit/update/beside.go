package update

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/beside"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/update/plan"
)

// The programs that have to do with strangers run beside the init, without rights: one has the network and no say in what is
// right, the other says that and has no network.
const (
	fetcherName  = "update-fetch"
	verifierName = "update-verify"
)

// verified asks whose signature it is. The answer names the key.
func (u *updater) verified(ctx context.Context, manifest, signature []byte) (signer string, err error) {
	row := graph.Beside(plan.Program, append([]string{"verify"}, u.Machine.Now().Update.Keys...)...)
	t, err := u.start(ctx, verifierName, u.verifier, row)
	if err != nil {
		return "", err
	}
	defer t.stop()
	if _, err := fmt.Fprintf(t, "manifest %d\n%ssignature %d\n%s", len(manifest), manifest, len(signature), signature); err != nil {
		return "", err
	}
	switch word, rest, err := t.answer(ctx); {
	case err != nil:
		return "", err
	case word == "ok":
		return rest, nil
	default:
		return "", errors.New(rest)
	}
}

// fetcher starts the program that fetches.
func (u *updater) startFetcher(ctx context.Context) (*talk, error) {
	row := graph.Beside(plan.Program, "fetch")
	row.Namespaces = []spec.Namespace{spec.NamespaceIPC} // it has the machine's network
	u.fetcher.Files = nil
	if ca := plan.Certificates(u.Machine.Now().Update, isFile); ca != "" {
		files, err := beside.Open(ca)
		if err != nil {
			return nil, err
		}
		row.Command, u.fetcher.Files = append(row.Command, "-ca"), files
	}
	t, err := u.start(ctx, fetcherName, u.fetcher, row)
	for _, f := range u.fetcher.Files {
		f.Close()
	}
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(t, strings.TrimSpace("dns "+strings.Join(nameServers(), ",")))
	return t, err
}

func isFile(name string) bool {
	_, err := bounded.Read(name, 4<<20)
	return err == nil
}

// nameServers are those of resolv.conf(5).
func nameServers() (servers []string) {
	text, err := bounded.Read("/run/resolv.conf", 64<<10)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) == 2 && words[0] == "nameserver" {
			servers = append(servers, words[1])
		}
	}
	return servers
}
