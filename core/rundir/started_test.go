package rundir

import (
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	a := Age()
	if a <= 0 || a > time.Hour {
		t.Errorf("this process is %v old", a)
	}
	time.Sleep(30 * time.Millisecond)
	if b := Age(); b < a+20*time.Millisecond || b > a+time.Minute {
		t.Errorf("%v old, 30 ms after %v", b, a)
	}
}

func TestChildrenPeakRSS(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("told by Linux alone")
	}
	child := exec.Command("sleep", "10")
	if err := child.Start(); err != nil {
		t.Skip(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	for range 100 {
		if rss := ChildrenPeakRSS(); rss > 1e5 && rss < 1e9 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("a child holds %d bytes", ChildrenPeakRSS())
}
