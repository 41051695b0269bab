package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/profiles"
)

// killEnv makes the test binary build the profile in a folder, with apt's sources there, as a process that
// can be killed. All processes that come of it have the variable, too.
const killEnv = "IMGBUILD_TEST_KILL"

// killUinitEnv names an init that need not be compiled.
const killUinitEnv = "IMGBUILD_TEST_KILL_UINIT"

func buildIn(dir string) int {
	e, err := NewEnv(filepath.Join(dir, "cache"), &progress.Lines{W: os.Stderr, Verbose: true})
	if err == nil {
		e.Apt.Etc = filepath.Join(dir, "etc")
		e.Go.UinitFile = os.Getenv(killUinitEnv)
		var p *profile.Profile
		if p, _, err = profile.Load(filepath.Join(dir, "box.toml"), profile.Find(profiles.FS)); err == nil {
			_, err = e.Build(context.Background(), p, filepath.Join(dir, "out"), Options{})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// family is the processes that have a variable in their environment.
func family(t *testing.T, mark string) (pids []int) {
	t.Helper()
	all, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		var pid int
		if _, err := fmt.Sscanf(d.Name(), "%d", &pid); err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", d.Name(), "environ"))
		if err == nil && bytes.Contains(append([]byte{0}, env...), []byte("\x00"+mark+"\x00")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// programOf is what a process runs.
func programOf(t *testing.T, pid int) string {
	t.Helper()
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return filepath.Base(path)
}

// until asks again and again, for a minute of a machine that does nothing else, whether something is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Minute); !so(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s: not in five minutes", what)
		}
	}
}

// A build that is killed takes all with it that it had started; the next one is not in its way, and
// tidies up after it.
func TestKilledBuild(t *testing.T) {
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		needed.Program(t, tool)
	}
	for _, moment := range []struct {
		name string
		// request is the one of apt's that is not answered, running the program in whose time the build is killed.
		request, running string
	}{
		{"asking for package lists", "/Packages", "apt-get"},
		{"downloading a package", ".deb", "apt-get"},
		{"compiling", "", "compile"},
	} {
		t.Run(moment.name, func(t *testing.T) {
			dir, p := buildtest.World(t, "[packages.tool]\nfiles = [\"/usr/bin/tool\"]\n[image]\nusr = \"unpacked\"\n")
			repo := aptRepo(t, dir)
			asked, answer := make(chan bool), make(chan bool)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if moment.request != "" && strings.HasSuffix(r.URL.Path, moment.request) {
					select {
					case asked <- true:
						<-answer
					case <-answer:
					}
				}
				http.FileServer(http.Dir(repo)).ServeHTTP(w, r)
			}))
			defer server.Close()
			buildtest.Write(t, filepath.Join(dir, "etc/sources.list"), "deb [trusted=yes] "+server.URL+" ./\n")
			buildtest.Write(t, filepath.Join(dir, "apt.conf"), "Acquire::http::Proxy::127.0.0.1 \"DIRECT\";\n")
			tmp := filepath.Join(dir, "tmp")
			buildtest.Write(t, filepath.Join(tmp, "keep"), "")
			uinit := ""
			if moment.request != "" {
				bin, err := env(t, shared).Go.Uinit(t.Context(), features.Without(p.Description())...)
				if err != nil {
					t.Fatal(err)
				}
				uinit = bin.Path
			}
			start := func(more ...string) (*exec.Cmd, *bytes.Buffer) {
				t.Helper()
				var said bytes.Buffer
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), killEnv+"="+dir, killUinitEnv+"="+uinit, "TMPDIR="+tmp, "APT_CONFIG="+filepath.Join(dir, "apt.conf"))
				cmd.Env = append(cmd.Env, more...)
				cmd.Stderr = &said
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
				return cmd, &said
			}
			mark := killEnv + "=" + dir
			var pids []int
			runs := func() bool {
				pids = family(t, mark)
				for _, pid := range pids {
					if programOf(t, pid) == moment.running {
						return true
					}
				}
				return false
			}
			first, said := start("GOCACHE=" + filepath.Join(dir, "go")) // an empty one, so that there is much to compile
			if moment.request != "" {
				select {
				case <-asked:
				case <-time.After(5 * time.Minute):
					t.Fatalf("apt asks for nothing: %s", said)
				}
			}
			until(t, moment.running, runs)
			if len(pids) < 2 {
				t.Fatalf("only %v belong to the build", pids)
			}
			if err := first.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			first.Wait()
			close(answer)

			second, said := start()
			for _, pid := range pids {
				waitForEnd(t, pid, mark)
			}
			if err := second.Wait(); err != nil {
				t.Fatalf("the next build: %v\n%s", err, said)
			}
			// Golang's imports library, with which commands are rewritten, keeps an empty goimports there.
			os.Remove(filepath.Join(tmp, "goimports"))
			for _, pattern := range []string{"out/.*", "tmp/.*", "tmp/[^k]*", "cache/tmp/*", "cache/state/apt/download"} {
				if left, _ := filepath.Glob(filepath.Join(dir, pattern)); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			}
			if left := family(t, mark); len(left) > 0 {
				t.Errorf("still running: %v", left)
			}
		})
	}
}

// waitForEnd waits until a process is no more, which takes a moment after it was killed.
func waitForEnd(t *testing.T, pid int, mark string) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if !bytes.Contains(env, []byte(mark)) {
		return // another by now
	}
	name := programOf(t, pid)
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int((20 * time.Second).Milliseconds())); n != 1 {
		t.Errorf("%s (process %d) runs on after its build was killed: %v", name, pid, err)
	}
}

// aptRepo makes a package repository with one package, and returns its folder.
func aptRepo(t *testing.T, dir string) string {
	t.Helper()
	repo, pkg := filepath.Join(dir, "repo"), filepath.Join(dir, "pkg")
	control := "Package: tool\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody\nDescription: for a test\n"
	buildtest.Write(t, filepath.Join(pkg, "DEBIAN/control"), control)
	buildtest.Write(t, filepath.Join(pkg, "usr/bin/tool"), "#!/bin/sh\n")
	buildtest.Write(t, filepath.Join(repo, "keep"), "")
	deb := filepath.Join(repo, "tool_1_amd64.deb")
	if out, err := exec.Command("dpkg-deb", "--root-owner-group", "--build", pkg, deb).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v\n%s", err, out)
	}
	b, err := os.ReadFile(deb)
	if err != nil {
		t.Fatal(err)
	}
	buildtest.Write(t, filepath.Join(repo, "Packages"), fmt.Sprintf("%sFilename: ./tool_1_amd64.deb\nSize: %d\nSHA256: %x\n", control, len(b), sha256.Sum256(b)))
	return repo
}
