package sdks
import "github.com/fwlab/fw/sdk"
func every() *sdk.Plugin { return nil }
