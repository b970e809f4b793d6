package registry

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const idWords = `expected namespace/name of lower-case letters, digits and '-'`

// ValidID reports whether s can be a plugin's id: "namespace/name".
func ValidID(s string) bool { return validID(s) }

func validID(s string) bool {
	namespace, name, ok := strings.Cut(s, "/")
	return ok && len(s) <= 100 && validWord(namespace) && validWord(name)
}

func validWord(s string) bool {
	for i, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || i == 0) {
			return false
		}
	}
	return s != ""
}

// version is MAJOR.MINOR.PATCH, with an optional -PRERELEASE that comes before it.
type version struct {
	number [3]int
	pre    string
}

func parseVersion(s string) (v version, ok bool) {
	core, pre, hasPre := strings.Cut(s, "-")
	if hasPre && !validWord(strings.ReplaceAll(pre, ".", "")) || len(s) > 64 {
		return v, false
	}
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return v, false
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil || p != strconv.FormatUint(n, 10) {
			return v, false
		}
		v.number[i] = int(n)
	}
	v.pre = pre
	return v, true
}

// CompareVersions orders versions; those that are none come first.
func CompareVersions(a, b string) int {
	v, okV := parseVersion(a)
	w, okW := parseVersion(b)
	if !okV || !okW {
		return cmp.Or(compareBool(okV, okW), cmp.Compare(a, b))
	}
	return cmp.Or(
		slices.Compare(v.number[:], w.number[:]),
		compareBool(v.pre == "", w.pre == ""),
		comparePre(v.pre, w.pre),
	)
}

// comparePre orders prereleases as semver.org section 11 does.
func comparePre(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, errM := strconv.Atoi(x)
		n, errN := strconv.Atoi(y)
		if errM == nil && errN == nil {
			return cmp.Compare(m, n)
		}
		return cmp.Or(compareBool(errM != nil, errN != nil), cmp.Compare(x, y))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// validSHA256 reports whether s is a hash as we write it.
func validSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// validPlatform reports whether s is "any" or as "linux/amd64".
func validPlatform(s string) bool {
	system, arch, ok := strings.Cut(s, "/")
	return s == AnyPlatform || ok && len(s) <= 64 && validWord(system) && validWord(arch)
}

// ValidPath reports whether a path of a manifest is clean and stays in its folder,
// on every system.
func ValidPath(s string) bool {
	return filepath.IsLocal(filepath.FromSlash(s)) && path.Clean(s) == s && s != "." && !strings.ContainsAny(s, `\:`) && len(s) <= 1024
}
