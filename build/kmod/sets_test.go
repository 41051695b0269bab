package kmod_test

import (
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build/kmod"
)

// Cards that hypervisors imitate, and what small boxes boot from, have their drivers in the sets that headless boxes take.
func TestSetsHaveWhatIsImitated(t *testing.T) {
	var have []string
	for _, set := range kmod.Sets() {
		if slices.Contains([]string{"virtio", "cloud", "server-nic", "ahci", "nvme", "scsi", "usb", "mmc"}, set.Name) {
			have = append(have, set.Modules...)
		}
	}
	for module, of := range map[string]string{
		"e1000": "QEMU", "e1000e": "QEMU", "igb": "QEMU", "8139cp": "QEMU", "pcnet32": "QEMU", "vmxnet3": "VMware", "e100": "QEMU's i82559er",
		"tulip": "QEMU, and Hyper-V's first generation", "ne2k_pci": "QEMU", "virtio_net": "QEMU", "hv_netvsc": "Hyper-V", "xen_netfront": "Xen",
		"sdhci_pci": "QEMU", "sdhci_acpi": "eMMC on boards", "mmc_block": "SD and eMMC", "am53c974": "QEMU's dc390 and am53c974", "sym53c8xx": "Proxmox's default", "mptsas": "QEMU",
		"mptspi": "VMware", "BusLogic": "VMware", "megaraid_sas": "QEMU", "vmw_pvscsi": "VMware", "virtio_scsi": "QEMU", "hv_storvsc": "Hyper-V", "xen_blkfront": "Xen",
		"ahci": "QEMU", "ata_piix": "QEMU", "nvme": "QEMU", "usb_storage": "QEMU", "uas": "QEMU",
	} {
		if !slices.Contains(have, module) {
			t.Errorf("%s, for a card of %s, is in none of the sets", module, of)
		}
	}
}
