package confine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in seccomp_data: number, architecture, and the lower halves of the first
// arguments on a little-endian machine.
const (
	atNumber, atArch, atFirst, atSecond = 0, 4, 16, 24
)

// filter lets the kernel refuse what landlock does not know: sockets but a server's
// unix socket, and new processes. It is inherited and cannot be taken off.
func filter(p Policy) error {
	if auditArch == 0 {
		return nil
	}
	f := instructions(p)
	prog := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0)
}

// instructions is the filter in the language of classic BPF.
func instructions(p Policy) (f []unix.SockFilter) {
	const allow, kill = uint32(unix.SECCOMP_RET_ALLOW), uint32(unix.SECCOMP_RET_KILL_PROCESS)
	refuse := func(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }
	load := func(at uint32) {
		f = append(f, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at})
	}
	jump := func(test uint16, k uint32, yes, no uint8) {
		f = append(f, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | test, K: k, Jt: yes, Jf: no})
	}
	end := func(verdict uint32) { f = append(f, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: verdict}) }
	never := func(number, verdict uint32) { jump(unix.BPF_JEQ, number, 0, 1); end(verdict) }

	load(atArch)
	jump(unix.BPF_JEQ, auditArch, 1, 0)
	end(kill)
	load(atNumber)
	jump(unix.BPF_JGE, 0x40000000, 0, 1) // another way to number calls
	end(kill)
	never(unix.SYS_IO_URING_SETUP, refuse(unix.ENOSYS))             // it opens sockets past this filter
	for _, n := range []uint32{unix.SYS_SETSID, unix.SYS_SETPGID} { // what it starts ends with it
		never(n, refuse(unix.EPERM))
	}
	if !p.Network {
		never(unix.SYS_CONNECT, refuse(unix.EACCES)) // also to the sockets of other programs
		jump(unix.BPF_JEQ, unix.SYS_SOCKET, 0, 7)
		load(atFirst)
		jump(unix.BPF_JEQ, unix.AF_UNIX, 0, 4)
		load(atSecond)
		f = append(f, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0xf}) // without flags
		jump(unix.BPF_JEQ, unix.SOCK_STREAM, 0, 1)
		end(allow)
		end(refuse(unix.EACCES))
	}
	if !p.Subprocess {
		for _, n := range forks {
			never(n, refuse(unix.EACCES))
		}
		never(unix.SYS_CLONE3, refuse(unix.ENOSYS)) // its flags are in memory; libraries go back to clone
		jump(unix.BPF_JEQ, unix.SYS_CLONE, 0, 3)
		load(atFirst)
		jump(unix.BPF_JSET, unix.CLONE_THREAD, 1, 0)
		end(refuse(unix.EACCES))
	}
	end(allow)
	return f
}
