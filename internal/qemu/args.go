package qemu

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/report"
)

// Names of the channels between QEMU and its caller: sockets in the directory
// given to Args, besides ttyS0 … for the serial ports.
const (
	channelMonitor = "monitor"
	channelReport  = "report"
	channelControl = "control"
)

// Args returns QEMU's arguments. dir is where the caller listens on a socket for
// each channel, unless Config.Desk has QEMU do so; empty stands for a person at a terminal, who gets ttyS0 and
// the monitor on it (Ctrl-A c changes over) and no report.
func (c Config) Args(dir string) []string {
	accel, model, memory := or(c.Accel, AccelTCG), "max", c.Memory
	if accel == AccelKVM {
		model = "host"
	}
	if memory == 0 {
		memory = 512 << 20
	}
	machine := "q35"
	if c.SecureBoot {
		machine += ",smm=on"
	}
	a := args{
		"-M", machine, "-accel", accel, "-cpu", or(c.CPU, model), "-smp", strconv.Itoa(max(c.CPUs, 1)),
		"-m", strconv.FormatInt(int64(memory)>>20, 10), "-nodefaults", "-no-user-config",
	}
	if c.Display {
		a.add("-device", "VGA", "-device", "qemu-xhci,id=bus-input", "-device", "usb-kbd,bus=bus-input.0", "-device", "usb-tablet,bus=bus-input.0")
	} else {
		a.add("-display", "none")
	}
	if !c.Reboot {
		a.add("-no-reboot")
	}
	c.firmware(&a)
	if c.Kernel != "" {
		a.add("-kernel", c.Kernel)
	}
	if c.Initrd != "" {
		a.add("-initrd", c.Initrd)
	}
	if c.Append != "" {
		a.add("-append", c.Append)
	}
	for _, name := range slices.Sorted(maps.Keys(c.FWCfg)) {
		a.add("-fw_cfg", "name="+Escape(name)+",string="+Escape(c.FWCfg[name]))
	}
	c.channels(&a, dir)
	c.network(&a)
	c.storage(&a)
	return append(a, c.Extra...)
}

func (c Config) firmware(a *args) {
	if c.Firmware != UEFI {
		return
	}
	if c.SecureBoot {
		a.add("-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1")
	}
	a.add("-drive", "if=pflash,unit=0,format=raw,readonly=on,file="+Escape(c.code()))
	// snapshot=on is the private copy: QEMU makes it and takes it away again.
	a.add("-drive", "if=pflash,unit=1,format=raw,snapshot=on,file="+Escape(or(c.FirmwareVars, OVMFVars)))
}

// code is the firmware's file.
func (c Config) code() string {
	if c.SecureBoot {
		return or(c.FirmwareCode, OVMFSecureCode)
	}
	return or(c.FirmwareCode, OVMFCode)
}

func (c Config) channels(a *args, dir string) {
	socket := func(name string) string {
		if c.Desk != "" {
			return "socket,id=" + name + ",server=on,wait=off,path=" + Escape(c.Desk+name)
		}
		return "socket,id=" + name + ",server=off,path=" + Escape(filepath.Join(dir, name))
	}
	connected := dir != "" || c.Desk != ""
	if connected {
		a.add("-chardev", socket(channelMonitor), "-mon", "chardev="+channelMonitor+",mode=control")
	}
	for i := range c.Serials {
		switch name := serialName(i); {
		case dir != "" && c.Desk == "":
			a.add("-chardev", socket(name), "-serial", "chardev:"+name)
		case i == 0:
			a.add("-serial", "mon:stdio")
		case c.Desk != "":
			a.add("-chardev", "pty,id="+name, "-serial", "chardev:"+name)
		default:
			a.add("-serial", "null")
		}
	}
	if c.ReportSerial && connected {
		a.add("-chardev", socket(channelReport), "-serial", "chardev:"+channelReport)
	}
	virtioReport := c.Report && !c.ReportSerial
	if !virtioReport && !c.Control {
		return
	}
	a.add("-device", "virtio-serial-pci,id=bus-ports")
	port := func(wanted bool, channel, name string) {
		if !wanted {
			return
		}
		chardev := "null,id=" + channel
		if connected {
			chardev = socket(channel)
		}
		a.add("-chardev", chardev, "-device", "virtserialport,bus=bus-ports.0,chardev="+channel+",name="+name)
	}
	port(virtioReport, channelReport, report.PortReport)
	port(c.Control, channelControl, report.PortControl)
}

func (c Config) network(a *args) {
	for i, nic := range c.NICs {
		id := fmt.Sprintf("net%d", i)
		backend, options, _ := strings.Cut(or(nic.Backend, "user"), ",")
		netdev := backend + ",id=" + id
		if options != "" {
			netdev += "," + options
		}
		device := or(nic.Model, "virtio-net-pci") + ",netdev=" + id + ",mac=" + or(string(nic.MAC), string(MAC(i)))
		if nic.Boot {
			device += ",bootindex=0"
		} else {
			// The firmware would spend its time on a boot ROM that nobody boots from.
			device += ",romfile="
		}
		a.add("-netdev", netdev, "-device", device)
	}
}

func serialName(i int) string { return "ttyS" + strconv.Itoa(i) }

type args []string

func (a *args) add(words ...string) { *a = append(*a, words...) }

// Escape doubles commas, which end a value in QEMU's options.
func Escape(s string) string { return strings.ReplaceAll(s, ",", ",,") }

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
