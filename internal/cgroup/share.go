package cgroup

// Machine is what there is to share.
type Machine struct {
	// Memory in bytes that programs can have: what is left beside the kernel, uinit and the files of the image.
	Memory int64
	// Tasks is how many processes and threads the kernel can have (kernel.pid_max, kernel.threads-max).
	Tasks int
}

// Shares are the limits of a machine's groups and of file systems that lie in its memory.
type Shares struct {
	// Work is all that is neither uinit nor a way in: services, guests, people. What it leaves is kept for SSH,
	// for root's sessions and for uinit.
	Work Limits
	// Users bounds all ordinary accounts together.
	Users Limits
	// Service, User, Admin are what one gets whose row says nothing; SSH is the server's.
	Service, User, Admin, SSH Limits
	// Tmp, Shm, SysV and Home bound /tmp, /dev/shm, System V memory (kernel.shmall) and the home of an account in bytes:
	// no process has to be there for these to hold memory, so none that is ended gives it back. All of them full of
	// small files leave their owner enough for a shell that can remove some.
	Tmp, Shm, SysV, Home int64
}

const mebibyte = 1 << 20

// Share divides a machine. Where a figure is 0, because it is not known, what depends on it is not limited.
func Share(m Machine) Shares {
	// Measured: coldplug's drivers 20 MiB, the SSH server and root's shell 25 MiB; large machines have more of everything.
	reserve := min(max(m.Memory/8, 48*mebibyte), m.Memory/4, 512*mebibyte)
	work, tasks := m.Memory-reserve, m.Tasks
	return Shares{
		Work: Limits{Memory: work, Tasks: tasks / 4 * 3},
		// People are many and services few: in the struggle for a processor all people count as half a service.
		Users:   Limits{Memory: work / 4 * 3, Tasks: tasks / 4, Weight: 50, NoSwap: true},
		User:    Limits{Memory: work / 8 * 5, Tasks: tasks / 8},
		Service: Limits{Memory: work / 4 * 3, Tasks: tasks / 4, Whole: true},
		SSH:     Limits{Memory: work / 2, Tasks: tasks / 4},
		Admin:   Limits{Memory: m.Memory - reserve/2, Tasks: tasks / 2},
		Tmp:     work / 4, Shm: work / 16, SysV: work / 16, Home: work / 16,
	}
}

// but returns the limits with what a row gives in their place.
func (l Limits) but(given Limits) Limits {
	if given.Memory > 0 {
		l.Memory = given.Memory
	}
	if given.Tasks > 0 {
		l.Tasks = given.Tasks
	}
	if given.CPU > 0 {
		l.CPU = given.CPU
	}
	return l
}
