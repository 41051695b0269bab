package firewall

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// driver answers as the kernel does to what it knows.
type driver struct {
	names []string
	set   []uint32 // the last ETHTOOL_SFEATURES, without its command
}

func (d *driver) ask(request []byte) error {
	word := func(i int) uint32 { return binary.NativeEndian.Uint32(request[4*i:]) }
	switch word(0) {
	case getSetSizes:
		if word(2) != 1<<features {
			return unix.EINVAL
		}
		binary.NativeEndian.PutUint32(request[16:], uint32(len(d.names)))
	case getStrings:
		if word(1) != features || int(word(2)) != len(d.names) || len(request) != 12+nameSize*len(d.names) {
			return unix.EINVAL
		}
		for i, name := range d.names {
			copy(request[12+i*nameSize:], name)
		}
	case setFeatures:
		for i := 1; 4*i < len(request); i++ {
			d.set = append(d.set, word(i))
		}
	default:
		return unix.EOPNOTSUPP
	}
	return nil
}

func TestSetFeature(t *testing.T) {
	names := make([]string, 60)
	for i := range names {
		names[i] = fmt.Sprint("feature-", i)
	}
	names[37], names[3] = "rx-gro-list", "rx-gro-list-more"
	for _, tt := range []struct {
		names []string
		want  []uint32 // size, then valid and requested of each block
		err   string
	}{
		{names, []uint32{2, 0, 0, 1 << 5, 1 << 5}, ""},
		{[]string{"rx-gro-list"}, []uint32{1, 1, 1}, ""},
		{names[:20], nil, "the kernel knows no rx-gro-list"},
	} {
		d := &driver{names: tt.names}
		text := ""
		if err := setFeature(d.ask, feature); err != nil {
			text = err.Error()
		}
		if text != tt.err || !reflect.DeepEqual(d.set, tt.want) {
			t.Errorf("%d names: set %v, %q; want %v, %q", len(tt.names), d.set, text, tt.want, tt.err)
		}
	}
}

// The kernel's own loopback takes the requests as they are made.
func TestGather(t *testing.T) {
	if os.Getenv("GATHER_TEST") == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestGather$")
		cmd.Env = append(os.Environ(), "GATHER_TEST=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	if err := Gather("lo"); err != nil {
		t.Error(err)
	}
	if err := Gather("nowhere"); err == nil {
		t.Error("no error for an interface that is not there")
	}
}
