package tensor

import (
	"github.com/fwlab/fw/core/dtype"
)

// The safetensors format, as documented at huggingface.co/docs/safetensors:
// eight bytes with the header's length, little-endian; the header, a JSON
// object from tensor names to {"dtype","shape","data_offsets"} with an optional
// "__metadata__" of strings; then the data, without gaps.

const (
	metadataKey = "__metadata__"
	prefix      = 8
	// maxHeader is the reference implementation's own limit.
	maxHeader = 100_000_000
	// i64 has no dtype in fw. Files have it for BatchNorm's num_batches_tracked.
	i64 = "I64"
)

var fileNames = map[dtype.DType]string{
	dtype.F32: "F32", dtype.BF16: "BF16", dtype.I32: "I32", dtype.U32: "U32", dtype.U8: "U8", dtype.Bool: "BOOL",
}

// entry is one tensor of a header.
type entry struct {
	name       string
	kind       string // the format's spelling of the element type
	dims       []int
	begin, end int64 // byte range, from the end of the header
}
