package exec

import (
	"errors"
	"fmt"

	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/pool"
)

// evalRunner copies tensors out to a plugin and its reply back.
type evalRunner struct{ *binding }

func (b *binding) eval() (runner, error) {
	if b.ex.eval == nil {
		return nil, errors.New("no plugin can be called here")
	}
	return evalRunner{b}, nil
}

// Run implements runner.
func (k evalRunner) Run(*pool.Pool) {
	if k.ex.err != nil {
		return
	}
	args := make([]interp.Tensor, len(k.in))
	for i, s := range k.is {
		args[i] = interp.FromBytes(s, k.in[i].U8)
	}
	callee := k.a.Str("callee")
	out, err := k.ex.eval(callee, args)
	if err == nil && len(out) != len(k.os) {
		err = fmt.Errorf("exec: eval %s: expected %d results, found %d", callee, len(k.os), len(out))
	}
	for i := range out {
		if err == nil && !out[i].Shape.Equal(k.os[i]) {
			err = fmt.Errorf("exec: eval %s: result %d: expected %s, found %s", callee, i, k.os[i], out[i].Shape)
		}
		if err == nil {
			copy(k.out[i].U8, out[i].Bytes())
		}
	}
	k.ex.err = err
}
