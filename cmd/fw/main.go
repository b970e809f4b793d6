// Command fw is the self-supervised-learning lab.
package main

import (
	"os"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host/process/confine"
	"github.com/fwlab/fw/plugins/builtin"
	"github.com/fwlab/fw/sdk"
)

func main() {
	confine.Main()                                   // started by itself, to become a native plugin
	if os.Getenv(abi.CookieKey) == abi.CookieValue { // started by itself, as the process of its own plugins
		sdk.Serve(builtin.Plugins()...)
		return
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
