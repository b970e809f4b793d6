package vec

import "github.com/fwlab/fw/core/kernel/isa"

var useAVX2 = isa.AVX2()
