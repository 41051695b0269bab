package kmod

import (
	"fmt"
	"strings"
)

// Set is a named group of drivers that a profile asks for as a whole.
type Set struct {
	// Name as profiles write it.
	Name string
	// Doc says in a sentence what hardware it serves, and what it leaves out.
	Doc string
	// Modules are its members. A kernel need not have all: a cloud kernel lacks most.
	Modules []string
}

// Sets lists the driver sets in the order of the documentation.
func Sets() []Set {
	return []Set{
		{"virtio", "Paravirtual devices of QEMU/KVM and most clouds: network, disk, SCSI, console, random numbers, memory balloon.",
			words(`virtio_pci virtio_mmio virtio_net virtio_blk virtio_scsi virtio_console virtio_rng virtio_balloon
				qemu_fw_cfg`)},
		{"virtio-share", "Folders of the host in a QEMU/KVM guest.",
			words(`virtiofs 9p 9pnet_virtio`)},
		{"cloud", "Paravirtual devices of Hyper-V and Azure, Xen and EC2, and Google's clouds.",
			words(`hv_netvsc hv_storvsc hyperv_keyboard hv_utils hv_balloon pci_hyperv mana
				xen_netfront xen_blkfront xen_scsifront ena gve nvme virtio_net virtio_scsi`)},
		{"server-nic", "Wired network cards of servers and small boxes, and those VMware and QEMU imitate. Rare and heavy ones are in server-nic-more.",
			words(`e1000 e1000e igb igbvf igc ixgbe ixgbevf i40e iavf r8169 8139too 8139cp tg3 bnxt_en atlantic
				sky2 forcedeth alx atl1c e100 tulip ne2k_pci virtio_net vmxnet3 pcnet32`)},
		{"server-nic-more", "Network cards that together weigh twice what server-nic does: Mellanox ConnectX, Intel E800, Chelsio, Solarflare, Emulex, Cisco, AMD, the Broadcom and QLogic cards that stay dead without firmware files, and those of old boards.",
			words(`mlx4_en mlx5_core ice bnx2 bnx2x qed qede cxgb4 sfc nfp hinic liquidio ionic be2net enic amd_xgbe
				cxgb3 skge atl1 atl1e atl2 b44 jme via_rhine via_velocity sis900 natsemi 3c59x dmfe uli526x sungem`)},
		{"usb-nic", "Network adapters on USB.",
			words(`r8152 ax88179_178a asix cdc_ether cdc_ncm rndis_host smsc75xx smsc95xx lan78xx aqc111 dm9601 mcs7830 pegasus rtl8150`)},
		{"ahci", "SATA disks and optical drives, and IDE as QEMU and old boards have it.",
			words(`ahci ata_piix ata_generic sata_nv sata_sil24 sata_mv sata_sil sata_via sata_svw
				pata_amd pata_via pata_atiixp pata_jmicron sd_mod sr_mod`)},
		{"nvme", "NVMe disks, and the VMD controller that hides them on Intel servers.",
			words(`nvme vmd`)},
		{"scsi", "SAS and RAID controllers of common servers, SCSI of hypervisors, disks and optical drives on them. Others are in scsi-more.",
			words(`sd_mod sr_mod ses mpt3sas megaraid_sas hpsa aacraid smartpqi mptsas mptspi
				sym53c8xx am53c974 BusLogic vmw_pvscsi virtio_scsi`)},
		{"scsi-more", "Rare, old and brand new SAS, RAID and SCSI controllers. Left out: Fibre Channel, whose drivers want firmware files.",
			words(`sd_mod sr_mod mpi3mr pm80xx isci mvsas arcmsr aic7xxx aic79xx esas2r
				3w_9xxx 3w_sas ipr hptiop stex megaraid_mbox mvumi initio dc395x advansys ufshcd_pci`)},
		{"mmc", "SD cards and eMMC, as small boxes boot from them.",
			words(`sdhci_pci sdhci_acpi rtsx_pci_sdmmc mmc_block`)},
		{"usb", "USB controllers and disks, keyboards and mice on them.",
			words(`xhci_pci ehci_pci ohci_pci uhci_hcd usb_storage uas sd_mod sr_mod usbhid hid_generic`)},
		{"screen", "A text screen of server boards and virtual machines. Firmware frame buffers need no module; drivers of real graphics processors are left out, i915 alone has 7 MB.",
			words(`simpledrm bochs cirrus ast mgag200 virtio_gpu hyperv_drm qxl`)},
		{"keyboard", "Keyboards on PS/2, USB and hypervisors.",
			words(`i8042 atkbd xhci_pci ehci_pci ohci_pci uhci_hcd usbhid hid_generic hid_apple hid_microsoft hid_logitech
				hid_logitech_dj hid_hyperv hyperv_keyboard virtio_input`)},
		{"watchdog", "Watchdogs of chip sets, server management and QEMU, with softdog for machines that have none.",
			words(`iTCO_wdt i2c_i801 lpc_ich sp5100_tco wdat_wdt hpwdt it87_wdt w83627hf_wdt i6300esb ib700wdt softdog`)},
		{"kvm", "Virtual machines on processors of Intel and AMD, their network interfaces, and packets on a short way.",
			words(`kvm_intel kvm_amd tun vhost_net`)},
		{"hwrng", "Sources of random numbers.",
			words(`virtio_rng intel_rng amd_rng via_rng tpm_rng chaoskey tpm_tis tpm_crb`)},
	}
}

func words(s string) []string { return strings.Fields(s) }

// SetWants lists what the set called name wants, every member optional. A name that is
// not in Sets is an *UnknownSetError.
func SetWants(name string) ([]Want, error) {
	for _, set := range Sets() {
		if set.Name != name {
			continue
		}
		wants := make([]Want, len(set.Modules))
		for i, m := range set.Modules {
			wants[i] = Want{Name: m, Why: "driver set " + name, Optional: true}
		}
		return wants, nil
	}
	return nil, &UnknownSetError{name}
}

// UnknownSetError names a driver set that does not exist.
type UnknownSetError struct{ Name string }

func (e *UnknownSetError) Error() string {
	var names []string
	for _, set := range Sets() {
		names = append(names, set.Name)
	}
	return fmt.Sprintf("unknown driver set %q: there are %s", e.Name, strings.Join(names, ", "))
}
