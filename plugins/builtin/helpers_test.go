package builtin

import (
	"context"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/sdk"
)

// inProcess is all built-in plugins without a carrier.
func inProcess() *host.Plugin {
	return host.New("inproc", func(context.Context) (host.Caller, error) { return host.Func(sdk.Handler(Plugins()...)), nil })
}

// inThisProcess is an experiment's plugin, one of these.
func inThisProcess(id string, params ...schema.Named) *client.Client {
	return &client.Client{Host: inProcess(), ID: id, Params: params}
}

// atTheStart is a task's objective by its initial parameters.
func atTheStart(t *testing.T, flat *link.Flat) *exec.Executable {
	t.Helper()
	workers := pool.New(2)
	t.Cleanup(workers.Close)
	state, err := train.NewState(flat, nil, rng.New(1), workers)
	if err != nil {
		t.Fatal(err)
	}
	f, err := compile.Func(flat.Func)
	if err != nil {
		t.Fatal(err)
	}
	ex, err := exec.New(f, exec.Options{Pool: workers, Inputs: state.Buffers()})
	if err != nil {
		t.Fatal(err)
	}
	return ex
}
