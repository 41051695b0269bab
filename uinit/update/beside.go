package update

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

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

// startFetcher starts the program that fetches.
func (u *updater) startFetcher(ctx context.Context) (*talk, error) {
	row := graph.Beside(plan.Program, "fetch")
	row.Namespaces = []spec.Namespace{spec.NamespaceIPC} // it has the machine's network
	u.fetcher.Files = nil
	ca := u.Machine.Now().Update.CA
	files, err := beside.Open(cmp.Or(ca, spec.Authorities))
	switch {
	case err == nil:
		row.Command, u.fetcher.Files = append(row.Command, "-ca"), files
	case ca != "":
		return nil, err
	}
	t, err := u.start(ctx, fetcherName, u.fetcher, row)
	for _, f := range u.fetcher.Files {
		f.Close()
	}
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintln(t, strings.TrimSpace("dns "+strings.Join(nameServers(), ","))); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

// nameServers are those of resolv.conf(5), the machine's or one of the image's own; none where there is no such file.
func nameServers() (servers []string) {
	text, _ := os.ReadFile("/etc/resolv.conf")
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "nameserver" {
			servers = append(servers, words[1])
		}
	}
	return servers
}
