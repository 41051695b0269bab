package qemu

import "fmt"

// SpareSlots is how many slots of Config.Pluggable are empty: bus-spare1 and so on. Beside them are bus-scsi.0 and bus-usb.0.
const SpareSlots = 2

// storage attaches disks and the CD-ROM, with one controller for each bus in use.
func (c Config) storage(a *args) {
	controllers := map[Bus]string{USB: "qemu-xhci,id=bus-usb", SCSI: "virtio-scsi-pci,id=bus-scsi"}
	port := 0 // of q35's own AHCI controller, which has six
	// What sits on PCIe's root complex itself stays; what is in a slot of a root port can be pulled.
	chassis := 0
	slot := func(id string) string {
		if !c.Pluggable {
			return ""
		}
		chassis++
		a.add("-device", fmt.Sprintf("pcie-root-port,id=bus-%s,chassis=%d", id, chassis))
		return ",bus=bus-" + id
	}
	for i, d := range c.Disks {
		id := or(d.ID, fmt.Sprintf("disk%d", i))
		drive := "if=none,id=drive-" + id + ",format=" + or(d.Format, "raw") + ",file=" + Escape(d.Path)
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
			in := slot("port-" + id)
			a.add("-device", "nvme"+common+",serial="+id+in)
		case USB:
			a.add("-device", "usb-storage,bus=bus-usb.0"+common+",serial="+id+",removable=on")
		case SCSI:
			a.add("-device", "scsi-hd,bus=bus-scsi.0"+common+",serial="+id)
		default:
			in := slot("port-" + id)
			a.add("-device", "virtio-blk-pci"+common+",serial="+id+in)
		}
	}
	if c.Pluggable {
		for i := range SpareSlots {
			slot(fmt.Sprintf("spare%d", i+1))
		}
		for _, bus := range []Bus{SCSI, USB} {
			if controller, ok := controllers[bus]; ok {
				a.add("-device", controller)
			}
		}
	}
	if c.CDROM != "" {
		a.add("-drive", "if=none,id=drive-cdrom,media=cdrom,readonly=on,file="+Escape(c.CDROM),
			"-device", fmt.Sprintf("ide-cd,bus=ide.%d,drive=drive-cdrom,id=cdrom,bootindex=1", port))
	}
}
