#!/bin/sh
# What lsblk knows of file systems it takes from udev's database, and this machine has no udev. So it gets one here, for this once and
# seen by nobody else: programs that find /run/udev wait for what udev does.
set -eu
case "$(id -u) $*" in
"0 "*-*[fOo]*) ;; # --fs, --output, --output-all, -o
*) exec /usr/bin/lsblk "$@" ;;
esac
exec unshare -m sh -euc '
mount -t tmpfs none /run
mkdir -p /run/udev/data
for device in /sys/class/block/*; do
	file=/dev/$(basename "$device" | tr ! /)
	! known=$(blkid -p -o udev "$file" 2>/dev/null) || echo "$known" | sed s/^/E:/ >"/run/udev/data/b$(cat "$device/dev")"
done
exec /usr/bin/lsblk "$@"' lsblk "$@"
