package qemu

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Modules of KVM by the processor's vendor, as /proc/cpuinfo has it.
var kvmModules = map[string]string{"GenuineIntel": "kvm_intel", "AuthenticAMD": "kvm_amd", "HygonGenuine": "kvm_amd"}

// KVMModule returns the module of KVM that a processor wants, from the text of /proc/cpuinfo; the error
// says why there is none for it.
func KVMModule(cpuinfo string) (string, error) {
	value := func(key string) string {
		for line := range strings.Lines(cpuinfo) {
			if name, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == key {
				return strings.TrimSpace(v)
			}
		}
		return ""
	}
	vendor := value("vendor_id")
	module, known := kvmModules[vendor]
	if !known {
		return "", fmt.Errorf("no KVM for processors of %q", vendor)
	}
	flags := " " + value("flags") + " "
	if !strings.Contains(flags, " vmx ") && !strings.Contains(flags, " svm ") {
		return "", fmt.Errorf("the processor offers no virtualisation (vmx, svm); the firmware's set-up may switch it on")
	}
	return module, nil
}

// Requests of linux/kvm.h: _IO(KVMIO, 0) and _IO(KVMIO, 1).
const (
	kvmGetAPIVersion = 0xae00
	kvmCreateVM      = 0xae01
)

// TryKVM says whether a virtual machine can be made.
func TryKVM(device string) error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("trying KVM: %w", err)
	}
	defer f.Close()
	// It has been 12 since 2.6.22 (Documentation/virt/kvm/api.rst).
	version, err := unix.IoctlRetInt(int(f.Fd()), kvmGetAPIVersion)
	if err == nil && version != 12 {
		err = fmt.Errorf("version %d instead of 12", version)
	}
	if err != nil {
		return fmt.Errorf("trying KVM: %w", err)
	}
	machine, err := unix.IoctlRetInt(int(f.Fd()), kvmCreateVM)
	if err != nil {
		return fmt.Errorf("trying KVM: making a machine: %w", err)
	}
	return unix.Close(machine)
}
