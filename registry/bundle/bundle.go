package bundle

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/minisign"
)

// The files that every bundle has beside the manifest.
const (
	SumsName      = "SHA256SUMS"         // hashes of all others, as sha256sum -c reads them
	SignatureName = "SHA256SUMS.minisig" // of SumsName, as minisign -V reads it
	Extension     = ".fwplugin"          // of a packed file
	maxSize       = 512 << 20            // bytes of all files together
	maxFiles      = 1000
	pathRunes     = "._+-/ ,()@=~" // beside letters and digits
)

// File is one file of a plugin's folder. Path has forward slashes.
type File struct {
	Path string
	Data []byte
}

// ErrChanged means that another content is there under the same id and version.
var ErrChanged = errors.New("a version never changes")

// Bundle is a plugin's files, checked: the manifest parses, every artifact is there, and
// all hashes fit. It does not change.
type Bundle struct {
	Manifest  registry.Manifest
	Files     []File              // by path, with SumsName and, if signed, SignatureName
	Signature *minisign.Signature // nil if unsigned; who made it is not known yet
}

// New checks files that have hashes already, in any order.
func New(files []File) (*Bundle, error) {
	b := &Bundle{Files: slices.SortedFunc(slices.Values(files), byPath)}
	if err := checkPaths(b.Files); err != nil {
		return nil, err
	}
	if err := b.checkSums(); err != nil {
		return nil, err
	}
	if text := b.File(SignatureName); text != nil {
		s, err := minisign.ParseSignature(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", SignatureName, err)
		}
		b.Signature = s
	}
	text := b.File(registry.ManifestName)
	if text == nil {
		return nil, fmt.Errorf("no %s", registry.ManifestName)
	}
	var err error
	if b.Manifest, err = registry.ParseManifest(registry.ManifestName, text); err != nil {
		return nil, err
	}
	return b, b.checkArtifacts()
}

// seal adds the hashes to files that have none.
func seal(files []File) (*Bundle, error) {
	sorted := slices.SortedFunc(slices.Values(files), byPath)
	var sums strings.Builder
	for _, f := range sorted {
		fmt.Fprintf(&sums, "%s  %s\n", sha256Of(f.Data), f.Path)
	}
	return New(append(sorted, File{SumsName, []byte(sums.String())}))
}

// Sign is the bundle with a signature of a key, in the place of the one it has.
func (b *Bundle) Sign(k *minisign.SecretKey) (*Bundle, error) {
	i := &b.Manifest.Info
	s, err := k.Sign(b.File(SumsName), fmt.Sprintf("fw plugin %s %s", i.ID, i.Version))
	if err != nil {
		return nil, err
	}
	return New(append(b.unsigned(), File{SignatureName, s.Encode()}))
}

func (b *Bundle) unsigned() []File {
	return slices.DeleteFunc(slices.Clone(b.Files), func(f File) bool { return f.Path == SignatureName })
}

// File is the content at a path, nil if there is none.
func (b *Bundle) File(path string) []byte {
	if i, ok := slices.BinarySearchFunc(b.Files, File{Path: path}, byPath); ok {
		return b.Files[i].Data
	}
	return nil
}

// Content names what the bundle says and does, whoever signed it: the sha256 of
// SumsName. Two bundles of one id and version must have the same.
func (b *Bundle) Content() string { return sha256Of(b.File(SumsName)) }

// Executable reports whether a file is a process, to be installed as one.
func (b *Bundle) Executable(path string) bool {
	return slices.ContainsFunc(b.Manifest.Artifacts, func(a registry.Artifact) bool { return a.Path == path && a.Carrier == registry.Process })
}

func byPath(a, b File) int { return cmp.Compare(a.Path, b.Path) }

func sha256Of(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// checkPaths takes sorted files that can lie in one folder on every system.
func checkPaths(files []File) error {
	if len(files) > maxFiles {
		return fmt.Errorf("expected at most %d files, found %d", maxFiles, len(files))
	}
	size := 0
	folded := map[string]string{}
	for _, f := range files {
		if size += len(f.Data); size > maxSize {
			return fmt.Errorf("expected at most %d bytes of files, found more", maxSize)
		}
		if err := CheckPath(f.Path); err != nil {
			return err
		}
		if f.Data == nil {
			return fmt.Errorf("%s: no content", f.Path)
		}
		low := strings.ToLower(f.Path)
		if other, taken := folded[low]; taken {
			return fmt.Errorf("%q and %q are one file on some systems", other, f.Path)
		}
		folded[low] = f.Path
	}
	for low, path := range folded {
		for i := range low {
			if other, taken := folded[low[:i]]; taken && low[i] == '/' {
				return fmt.Errorf("%q is a file, and the folder of %q", other, path)
			}
		}
	}
	return nil
}

// CheckPath refuses a path that leaves its folder, or is none on some systems.
func CheckPath(path string) error {
	if !registry.ValidPath(path) {
		return fmt.Errorf("%q: expected a path within the folder, with forward slashes", path)
	}
	for _, r := range path {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(pathRunes, r)) {
			return fmt.Errorf("%q: expected a path of letters, digits and %q, found %q", path, pathRunes, r)
		}
	}
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
			return fmt.Errorf("%q: a name that ends in %q is another on some systems", path, part[len(part)-1:])
		}
	}
	return nil
}

// checkSums compares every file with its line of SumsName, which lists no other.
func (b *Bundle) checkSums() error {
	text := b.File(SumsName)
	if text == nil {
		return fmt.Errorf("no %s, which has the hashes of all files", SumsName)
	}
	var want bytes.Buffer
	var wrong []error
	listed := map[string]string{}
	for l := range strings.Lines(string(text)) {
		if sum, path, ok := strings.Cut(strings.TrimSuffix(l, "\n"), "  "); ok {
			listed[path] = sum
		}
	}
	for _, f := range b.Files {
		if f.Path == SumsName || f.Path == SignatureName {
			continue
		}
		got := sha256Of(f.Data)
		fmt.Fprintf(&want, "%s  %s\n", got, f.Path)
		switch sum, ok := listed[f.Path]; {
		case !ok:
			wrong = append(wrong, fmt.Errorf("%s: it is not listed in %s", f.Path, SumsName))
		case sum != got:
			wrong = append(wrong, fmt.Errorf("%s: expected sha256 %q (%s), found %s", f.Path, sum, SumsName, got))
		}
		delete(listed, f.Path)
	}
	for path := range listed {
		wrong = append(wrong, fmt.Errorf("%q: listed in %s, not there", path, SumsName))
	}
	slices.SortFunc(wrong, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	if !bytes.Equal(text, want.Bytes()) {
		return fmt.Errorf("%s: expected a line \"HASH  PATH\" for each file, sorted by path", SumsName)
	}
	return nil
}

// checkArtifacts compares every artifact with its hash in the manifest.
func (b *Bundle) checkArtifacts() error {
	if len(b.Manifest.Artifacts) == 0 {
		return fmt.Errorf("%s: expected an [[artifact]], found none", registry.ManifestName)
	}
	for _, a := range b.Manifest.Artifacts {
		data := b.File(a.Path)
		if data == nil {
			return fmt.Errorf("%s: the artifact of %s on %s is not there", a.Path, a.Carrier, a.Platform)
		}
		if got := sha256Of(data); got != a.SHA256 {
			return fmt.Errorf("%s: expected sha256 %s (%s), found %s; build it again so that its manifest is renewed", a.Path, a.SHA256, registry.ManifestName, got)
		}
	}
	return nil
}
