package vec

import "github.com/fwlab/fw/core/kernel/isa"

// The assembly looks at useAVX512 itself.
var useAVX2, useAVX512 = isa.AVX2(), isa.AVX512()
