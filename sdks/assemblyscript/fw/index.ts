// All that the author of a plugin in AssemblyScript imports. README.md shows how one is
// built; there are no dependencies.
//
// A mistake in a trace does not end the author's function: the first one is kept, values
// are invalid from there on, and the host gets the message. An assertion or an error that
// is thrown ends the call; its message, file and line are in the host's error.

export { Crop, Rect, rect, Region, Size } from "./crop";
export { Key, exp, log } from "./key";
export { Limit, Params, above, atLeast, atMost, below, between, choice } from "./params";
export { Augment, Backbone, Loss, Plugin, Pretext, serve } from "./plugin";
export { Step } from "./step";
export { ALL, Attr, DType, Shape, constant, emit, fail, fill, iota, iotaOf, scalar } from "./trace";
export { Value, concat } from "./value";
export { View, Views } from "./views";
