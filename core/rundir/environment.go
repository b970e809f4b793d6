package rundir

import (
	"encoding/json"
	"fmt"
	"runtime"

	"golang.org/x/sys/cpu"
)

// Environment is environment.json: what a result may depend on besides the
// experiment.
type Environment struct {
	FW      string   `json:"fw"` // version of fw
	Go      string   `json:"go"` // version of Go it was built with
	OS      string   `json:"os"` // GOOS
	Arch    string   `json:"arch"`
	CPU     []string `json:"cpu"` // instruction sets that matter for speed, found at run time
	Cores   int      `json:"cores"`
	Workers int      `json:"workers"` // threads of the run; results do not depend on it
	Plugins []Plugin `json:"plugins"`
}

// Plugin is one plugin of a run.
type Plugin struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
	Carrier string `json:"carrier"`
	SHA256  string `json:"sha256"` // of its artifact
}

// Here describes this process and machine.
func Here(fw string, workers int, plugins []Plugin) Environment {
	return Environment{
		FW: fw, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		CPU: cpuFeatures(), Cores: runtime.NumCPU(), Workers: workers, Plugins: append([]Plugin{}, plugins...),
	}
}

func cpuFeatures() []string {
	found := []string{}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA},
		{"avx512f", cpu.X86.HasAVX512F}, {"avx512bw", cpu.X86.HasAVX512BW}, {"avx512vl", cpu.X86.HasAVX512VL},
		{"avx512bf16", cpu.X86.HasAVX512BF16}, {"avx512vnni", cpu.X86.HasAVX512VNNI},
		{"asimd", cpu.ARM64.HasASIMD}, {"asimddp", cpu.ARM64.HasASIMDDP}, {"sve", cpu.ARM64.HasSVE},
	} {
		if f.has {
			found = append(found, f.name)
		}
	}
	return found
}

// SetEnvironment replaces environment.json.
func (r *Run) SetEnvironment(e Environment) error {
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("run: environment: %w", err)
	}
	return r.Write(r.Environment(), append(data, '\n'))
}
