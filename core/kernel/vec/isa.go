package vec

import (
	"os"

	"golang.org/x/sys/cpu"
)

var useAVX2 = haveAsm && cpu.X86.HasAVX2 && cpu.X86.HasFMA && os.Getenv("FW_ISA") != "noasm"
