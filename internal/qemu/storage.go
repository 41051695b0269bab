package qemu

import "fmt"

// storage attaches disks and the CD-ROM, with one controller for each bus in use.
func (c Config) storage(a *args) {
	controllers := map[Bus]string{USB: "qemu-xhci,id=bus-usb", SCSI: "virtio-scsi-pci,id=bus-scsi"}
	port := 0 // of q35's own AHCI controller, which has six
	for i, d := range c.Disks {
		id := or(d.ID, fmt.Sprintf("disk%d", i))
		drive := "if=none,id=drive-" + id + ",format=" + or(d.Format, "raw") + ",file=" + escape(d.Path)
		if d.ReadOnly {
			drive += ",readonly=on"
		}
		if d.Snapshot {
			drive += ",snapshot=on"
		}
		a.add("-drive", drive)
		if controller, ok := controllers[d.Bus]; ok {
			a.add("-device", controller)
			delete(controllers, d.Bus)
		}
		common := ",drive=drive-" + id + ",id=" + id
		if d.Boot {
			common += ",bootindex=0"
		}
		switch d.Bus {
		case AHCI:
			a.add("-device", fmt.Sprintf("ide-hd,bus=ide.%d%s,serial=%s", port, common, id))
			port++
		case NVMe:
			a.add("-device", "nvme"+common+",serial="+id)
		case USB:
			a.add("-device", "usb-storage,bus=bus-usb.0"+common+",serial="+id+",removable=on")
		case SCSI:
			a.add("-device", "scsi-hd,bus=bus-scsi.0"+common+",serial="+id)
		default:
			a.add("-device", "virtio-blk-pci"+common+",serial="+id)
		}
	}
	if c.CDROM != "" {
		a.add("-drive", "if=none,id=drive-cdrom,media=cdrom,readonly=on,file="+escape(c.CDROM),
			"-device", fmt.Sprintf("ide-cd,bus=ide.%d,drive=drive-cdrom,id=cdrom,bootindex=1", port))
	}
}
