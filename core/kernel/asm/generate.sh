#!/bin/sh
# Writes ../gen_amd64.s and ../gen_amd64.go from gen.go.
cd "$(dirname "$0")" && go run . -out ../gen_amd64.s -stubs ../gen_amd64.go -pkg kernel
