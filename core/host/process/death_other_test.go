//go:build !linux

package process

// keepOne is part of a test for linux.
func keepOne() {}

// leaveSession is part of a test for linux.
func leaveSession() {}
