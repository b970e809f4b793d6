package confine

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Available reports whether plugins can be confined here, and what of it is missing, if
// anything, in words for the user.
func Available() (ok bool, missing string) {
	switch version := landlockVersion(); {
	case version < 1:
		return true, "this kernel has no landlock: native plugins can read and write your files"
	case version < 6:
		return true, fmt.Sprintf("this kernel's landlock has version %d, below 6: native plugins can send signals to your programs", version)
	case auditArch == 0:
		return true, "there is no filter of system calls for " + runtime.GOARCH + ": native plugins can use sockets but TCP, and start programs"
	}
	return true, ""
}

// become takes from this process what the policy does not grant and runs the program.
// Rights belong to threads: the one that gives them up is the one that goes on.
func become(p Policy, target string, argv []string) error {
	runtime.LockOSThread()
	if target != argv[0] {
		unix.CloseOnExec(inherited)
	}
	if err := withoutTerminal(); err != nil {
		return err
	}
	// The signal at the host's end was asked for the thread that began.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("parent-death signal: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ { // what root would have again after exec
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) // refused to who has none
	}
	if err := landlock(p, target, argv[0]); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	if err := limit(p); err != nil {
		return err
	}
	if err := filter(p); err != nil {
		return fmt.Errorf("filter of system calls: %w", err)
	}
	return fmt.Errorf("%s: %w", argv[0], syscall.Exec(target, argv, os.Environ()))
}

// withoutTerminal puts nothing in the place of the host's standard input.
func withoutTerminal() error {
	null, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		err = unix.Dup3(null, 0, 0)
	}
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return nil
}

// maxFile is the size of a file in the folder of its own, in bytes. Libraries put
// small things there: Python does not load PyTorch without.
const maxFile = 16 << 20

// limit sets what the kernel counts for a process.
func limit(p Policy) error {
	memory := uint64(p.MemoryMiB) << 20
	if memory == 0 {
		memory = DefaultMemoryMiB << 20
	}
	limits := map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: 1024, unix.RLIMIT_DATA: memory}
	if !p.Files {
		limits[unix.RLIMIT_FSIZE] = maxFile
	}
	for resource, most := range limits {
		var now syscall.Rlimit
		if err := syscall.Getrlimit(resource, &now); err != nil {
			return fmt.Errorf("limit %d: %w", resource, err)
		}
		most = min(most, now.Max)
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit %d: %w", resource, err)
		}
	}
	return nil
}
