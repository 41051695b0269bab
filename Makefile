# What people type. "make help" lists it.

GO       ?= go
PROFILE  ?= headless
# Tools run at a fixed version, outside go.mod, so that they cost users nothing.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
ACTIONLINT  = github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.PHONY: help image media run test test-full race check vulnerabilities bench mutate docs clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

# The builder itself, compiled anew where a source has changed.
IMGBUILD = out/.bin/imgbuild
compile = GO=$(GO) .ci/compile $(dir $(IMGBUILD))

image: ## build the image into out/$(PROFILE)/; needs Go and apt-get, not root
	@$(compile)
	$(IMGBUILD) build $(PROFILE)

media: ## build it in every format: UKI, disk, ISO and netboot too
	@$(compile)
	$(IMGBUILD) build $(PROFILE) --format kernel --format uki --format disk --format iso --format netboot

run: ## boot the image in QEMU with its serial console here
	@$(compile)
	$(IMGBUILD) run $(PROFILE)

test: ## all tests, among them the boots in QEMU; installs what they need
	.ci/install
	$(GO) test -vet=off -timeout 40m ./...

test-full: ## the tests and the matrices that take long
	.ci/shard 0 1

race: ## tests of the init with the race detector: readers and writers of the machine, links, arrays; ten minutes
	.ci/install
	$(GO) test -race -timeout 40m ./uinit/...

check: vulnerabilities ## vet, staticcheck, format, workflows, known vulnerabilities
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(ACTIONLINT)

# It asks a database on the network. Where that does not answer nothing was checked, which is said and is no failure.
vulnerabilities: ## known vulnerabilities of what is compiled in
	@.ci/vulnerabilities $(GO) run $(GOVULNCHECK)

bench: ## measure builds and boots beside their floors, and beside the code of BEFORE=COMMIT where it is given
	.ci/install
	IMGBUILD_BENCH=1 IMGBUILD_BENCH_BEFORE=$(BEFORE) $(GO) test -count 1 -p 1 -timeout 80m -run '^TestBench' -v ./qemu-tests ./uinit/vm/qemu ./uinit/container ./uinit/update ./build/oci

# The packages whose tests are tried; SEED draws other changes, MUTATE names other packages.
MUTATE = build/cache build/deb build/fat build/gobin/sshd build/iso9660 build/lock build/oci internal/blank internal/flash internal/site uinit/account \
	uinit/array/md uinit/console uinit/entropy/pool uinit/log/syslog uinit/mount uinit/power uinit/service/supervise uinit/share uinit/time/clock uinit/vm/qemu
SEED   = 1

mutate: ## change small things, one at a time, and say which of them no test notices; takes hours, SEED=N MUTATE=PACKAGES
	.ci/install
	nice $(GO) run ./internal/mutate -seed $(SEED) $(MUTATE)

docs: ## write what is generated: docs/profile.md, docs/facts.md
	$(GO) generate ./...

clean: ## remove out/
	rm -rf out
