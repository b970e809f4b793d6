package sdk

import "github.com/fwlab/fw/core/wire"

// Refuse ends the trace because a parameter's value does not do for these images;
// the host says where the experiment sets it.
func (s *Step) Refuse(param, why string) { s.FailWith(wire.ParamFault(s.req.Plugin, param, why)) }

// Refuse ends the trace because a parameter's value does not do for this input;
// the host says where the experiment sets it.
func (n *Net) Refuse(param, why string) { n.FailWith(wire.ParamFault(n.plugin, param, why)) }

// Refuse ends the trace because a parameter's value does not do for these images;
// the host says where the experiment sets it.
func (v *Views) Refuse(param, why string) { v.FailWith(wire.ParamFault(v.req.Plugin, param, why)) }
