package confine

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	plugin "github.com/hashicorp/go-plugin"
	"golang.org/x/sys/unix"
)

// Rights on files, and those of them that a file that is no folder can have.
const (
	read    = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	execute = read | unix.LANDLOCK_ACCESS_FS_EXECUTE
	device  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	own     = read | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR
	ofFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE
)

// everything is the rights on files that each version of landlock knows.
var everything = []uint64{0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff}

type right struct {
	path string
	may  uint64
}

// system is what programs of any language read to start. A path that is not there
// is passed over.
var system = []right{
	{"/usr", execute}, {"/bin", execute}, {"/sbin", execute}, {"/lib", execute}, {"/lib32", execute}, {"/lib64", execute}, {"/opt", execute}, {"/nix/store", execute}, {"/gnu/store", execute},
	{"/etc/alternatives", execute}, {"/etc/ld.so.cache", read}, {"/etc/ld.so.conf", read}, {"/etc/ld.so.conf.d", read}, {"/etc/ld.so.preload", read}, {"/etc/localtime", read},
	{"/proc/self", read}, {"/proc/cpuinfo", read}, {"/proc/meminfo", read}, {"/proc/stat", read}, {"/proc/filesystems", read}, {"/proc/sys/vm", read}, {"/proc/sys/kernel", read},
	{"/sys/devices/system", read}, {"/sys/fs/cgroup", read}, {"/sys/kernel/mm/transparent_hugepage", read},
	{"/dev/null", device}, {"/dev/zero", read}, {"/dev/random", read}, {"/dev/urandom", read},
}

// resolving is what programs read to find a host and to trust it.
var resolving = []right{
	{"/etc/resolv.conf", read}, {"/etc/hosts", read}, {"/etc/host.conf", read}, {"/etc/nsswitch.conf", read}, {"/etc/gai.conf", read}, {"/etc/services", read},
	{"/etc/ssl", read}, {"/etc/pki", read}, {"/etc/ca-certificates", read}, {"/run/systemd/resolve", read},
}

func landlockVersion() int {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// landlock keeps this thread from files, TCP, and from signals and abstract sockets
// of other programs, as far as the kernel knows how.
func landlock(p Policy, target, path string) error {
	version := landlockVersion()
	if version < 1 {
		return nil // the host has said so
	}
	var set struct{ fs, net, scoped uint64 }
	if !p.Files {
		set.fs = everything[min(version, len(everything)-1)]
	}
	if !p.Network && version >= 4 {
		set.net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 6 {
		set.scoped = unix.LANDLOCK_SCOPE_SIGNAL
		if !p.Network {
			set.scoped |= unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
		}
	}
	if set.fs|set.net|set.scoped == 0 {
		return nil
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&set)), unsafe.Sizeof(set), 0)
	if errno != 0 {
		return errno
	}
	defer unix.Close(int(fd))
	if !p.Files {
		rights := append(program(target, path), right{os.Getenv(plugin.EnvUnixSocketDir), own})
		rights = append(rights, system...)
		if p.Network {
			rights = append(rights, resolving...)
		}
		for _, r := range rights {
			if err := r.add(int(fd), set.fs); err != nil {
				return &fs.PathError{Op: "rule", Path: r.path, Err: err}
			}
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// add allows what a right says of its path and all below it.
func (r right) add(ruleset int, known uint64) error {
	fd, err := unix.Open(r.path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil // what cannot be reached is not read either
	}
	defer unix.Close(fd)
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return err
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: r.may & known, Parent_fd: int32(fd)}
	if info.Mode&unix.S_IFMT != unix.S_IFDIR {
		rule.Allowed_access &= ofFiles
	}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// program is the program's own file, and for a script its interpreter, through links
// as a virtual environment has them, with the libraries beside it.
func program(target, path string) []right {
	rights := []right{{target, execute}}
	if target != path { // a binary
		return rights
	}
	for at := interpreter(path); at != ""; at = followed(at) {
		prefix := filepath.Dir(filepath.Dir(at))
		rights = append(rights, right{at, execute}, right{filepath.Join(prefix, "pyvenv.cfg"), read},
			right{filepath.Join(prefix, "lib"), execute}, right{filepath.Join(prefix, "lib64"), execute})
	}
	return rights
}

// followed is what a link names, "" if the file is none.
func followed(link string) string {
	next, err := os.Readlink(link)
	if err != nil {
		return ""
	}
	if !filepath.IsAbs(next) {
		next = filepath.Join(filepath.Dir(link), next)
	}
	return next
}

// interpreter is the program that a script's first line names, "" if none.
func interpreter(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _ := bufio.NewReaderSize(f, 4096).ReadSlice('\n')
	rest, ok := strings.CutPrefix(string(line), "#!")
	words := strings.Fields(rest)
	if !ok || len(words) == 0 || !filepath.IsAbs(words[0]) {
		return ""
	}
	return filepath.Clean(words[0])
}
