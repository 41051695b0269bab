package profile

// Networks of containers.
var containerNetworkProblems = []problemCase{
	{"ports of containers and of the machine", sound + `[ethernet.lan]
addresses = ["192.0.2.1/24"]
[ssh]
port = 2222
password = true
[user.root]
password_hash = "` + goodHash + `"
[container.web]
image = "oci://docker.io/library/nginx:1.29"
publish = ["8080:80", "53:53/udp", "2222:22"]
[container.db]
image = "oci://docker.io/library/nginx:1.29"
publish = ["192.0.2.1:8080:80", "53:53", "192.0.2.1:53:53/udp"]
`, []string{
		`p.toml:17:23: container.web.publish[1]: UDP port 53 is that of container:db; accepted: another port, or other addresses`,
		`p.toml:17:36: container.web.publish[2]: port 2222 is that of the SSH server (p.toml:11:8); accepted: another port, or other addresses to listen on`,
		`p.toml:20:12: container.db.publish[0]: port 8080 is that of container:web (p.toml:17:12)`,
	}},
	{"interfaces of containers", sound + `[ethernet.lan]
[bridge.br0]
ports = ["lan"]
addresses = ["192.0.2.1/24"]
[container.web]
image = "oci://docker.io/library/nginx:1.29"
[container.web.nic.eth0]
bridge = "br1"
dhcp4 = true
[container.db]
image = "oci://docker.io/library/nginx:1.29"
nat = true
[container.db.nic.eth0]
link = "lan"
addresses = ["192.0.2.1/24"]
`, []string{
		`p.toml:15:10: container.web.nic.eth0.bridge: there is no [bridge.br1]; did you mean br0?`,
		`p.toml:19:7: container.db.nat: goes by this machine's addresses`,
		`p.toml:21:8: container.db.nic.eth0.link: lan is a port of br0, which has all that comes there; accepted: bridge = "br0"`,
		`p.toml:22:14: container.db.nic.eth0.addresses[0]: 192.0.2.1 is given to br0 already`,
	}},
	{"what containers run and need", sound + `[container.web]
image = "oci://docker.io/library/nginx:1.29"
command = ["", "a"]
needs = ["container:dbb", "time", "container:later"]
[container.db]
image = "oci://docker.io/library/nginx:1.29"
needs = ["mounts"]
[container.later]
image = "oci://docker.io/library/nginx:1.29"
autostart = false
`, []string{
		`p.toml:10:12: container.web.command[0]: is empty, and names no program; accepted: `,
		`p.toml:11:10: container.web.needs[0]: nothing is called "container:dbb"; did you mean container:db?; accepted here: `,
		`p.toml:11:35: container.web.needs[2]: nothing is called "container:later"; `,
	}},
	{"roots that containers are shown", sound + `[mount."/srv"]
source = "LABEL=srv"
type = "ext4"
[container.web]
image = "oci://docker.io/library/nginx:1.29"
root = { path = "/srv/www/roots/web.img", size = "1G" }
[container.db]
image = "oci://docker.io/library/nginx:1.29"
root = { path = "/srv/roots/db.img", size = "1G" }
[container.db.volume."/a"]
path = "/srv/www"
[container.db.volume."/b"]
path = "/srv/roots"
read_only = true
`, []string{
		`p.toml:13:17: container.web.root.path: /srv/www/roots/web.img lies in a directory that container.db may write to, /srv/www, `,
	}},
}

// Containers, each for itself.
var containerProblems = []problemCase{
	{"what a container is", sound + `[container.Web]
image = "oci://docker.io/library/nginx:1.29"
[container.db]
image = "oci://docker.io/library/nginx:1.29"
directory = "srv"
environment = { "A B" = "1" }
devices = ["ttyS0"]
memory = "100K"
pids = 5000000
cpu = 0.001
restart_limit = -1
restart_delay = "2m"
[container.db.ready]
port = 80
file = "/ready"
[container.gone]
image = "oci://docker.io/library/nginx:1.29"
restart = "always"
ready = { exit = true }
[container.idle]
image = "oci://docker.io/library/nginx:1.29"
restart = "never"
restart_max = "2m"
`, []string{
		`p.toml:8:1: container.Web: is not a container's name`,
		`p.toml:12:13: container.db.directory: "srv" is not an absolute path without . or ..`,
		`p.toml:13:25: container.db.environment."A B": is not a variable's name`,
		`p.toml:14:12: container.db.devices[0]: "ttyS0" is no device`,
		`p.toml:15:10: container.db.memory: is 100K, and its program would be ended as it starts`,
		`p.toml:16:8: container.db.pids: is more than the kernel can have`,
		`p.toml:17:7: container.db.cpu: accepted: a share of processors, 0.01 to 1024, such as 0.5`,
		`p.toml:18:17: container.db.restart_limit: accepted: a number of restarts, or 0 for no limit`,
		`p.toml:19:17: container.db.restart_delay: is 2m, longer than restart_max, 1m`,
		`p.toml:20:1: container.db.ready: has more than one sign`,
		`p.toml:25:11: container.gone.restart: a container that is ready when it ends is not started again, and no system`,
		`p.toml:30:15: container.idle.restart_max: is for a container that is started again, and restart = "never"`,
	}},
	{"what a container may", sound + `[boot]
memory_min = "128M"
[container.big]
image = "oci://docker.io/library/nginx:1.29"
memory = "129M"
[container.init]
image = "oci://docker.io/library/nginx:1.29"
system = true
namespaces = ["user", "net"]
[container.rooted]
image = "oci://docker.io/library/nginx:1.29"
namespaces = ["pid", "net"]
capabilities = ["net_raw"]
[container.loose]
image = "oci://docker.io/library/nginx:1.29"
system_calls = ["@known", "@mount"]
[container.a]
image = "oci://docker.io/library/nginx:1.29"
needs = ["container:b"]
[container.b]
image = "oci://docker.io/library/nginx:1.29"
needs = ["container:a"]
`, []string{
		`p.toml:12:10: container.big.memory: is 129M, more than the least machine has that this is made for (boot.memory_min), 128M`,
		`p.toml:16:14: container.init.namespaces: lacks pid or cgroup, and an init needs both for itself`,
		`p.toml:19:14: warning: container.rooted.namespaces: lacks user: what rights the container has it has over this machine, and they suffice to leave it`,
		`p.toml:23:17: warning: container.loose.system_calls[0]: has all groups in it`,
		`p.toml:26:9: container.a.needs: containers need each other in a circle: a → b → a`,
	}},
	{"what a container sees of this machine", sound + `[mount."/srv"]
source = "LABEL=srv"
type = "ext4"
[mount."/media"]
source = "LABEL=media"
type = "ext4"
options = ["ro"]
[container.web]
image = "oci://docker.io/library/nginx:1.29"
root = { path = "/var/web.img", size = "1M" }
tmpfs = { "/" = "1M", "/tmp" = "16M", "run" = "1M" }
[container.web.volume."/tmp"]
path = "/srv/tmp"
[container.web.volume."/proc/x"]
path = "/srv/x"
[container.web.volume."/data"]
path = "/var/data"
[container.web.volume."/media"]
path = "/media/films"
[container.db]
image = "oci://docker.io/library/nginx:1.29"
root = { path = "lvm:vg0/db", size = "1G" }
[container.copy]
image = "oci://docker.io/library/nginx:1.29"
root = { path = "lvm:vg0/db" }
[container.none]
image = "oci://docker.io/library/nginx:1.29"
root = { path = "lvm:vg0" }
`, []string{
		`p.toml:17:17: container.web.root.path: /var/web.img lies in memory and is gone after the boot`,
		`p.toml:17:40: container.web.root.size: is 1M`,
		`p.toml:18:17: container.web.tmpfs."/": is no place in a container for that`,
		`p.toml:18:47: container.web.tmpfs.run: is no place in a container for that`,
		`p.toml:19:1: container.web.volume."/tmp": is a directory in memory already, by tmpfs`,
		`p.toml:21:1: container.web.volume."/proc/x": is no place in a container for that`,
		`p.toml:24:8: container.web.volume."/data".path: /var/data lies in none of the profile's mounts`,
		`p.toml:26:8: container.web.volume."/media".path: /media/films lies in /media, which is mounted read-only`,
		`p.toml:29:17: container.db.root.path: lvm:vg0/db is the root of container.copy already (p.toml:32:17), and two who write to one destroy it`,
		`p.toml:29:38: container.db.root.size: is for a file that is made, and a logical volume has its size`,
		`p.toml:35:17: container.none.root.path: "lvm:vg0" is no place for a root`,
	}},
}
