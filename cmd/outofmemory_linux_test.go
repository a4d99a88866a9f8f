package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// scarce is a helpdesk whose passes have a limit of memory, most, in kB.
type scarce struct {
	*drive
	most int
	sent int
}

// poll runs a pass as a process, and returns its status and output. Stacks of threads count as memory, so they are
// small and few: else their number decides. The heap is collected whenever it has doubled: else its size between two
// collections decides.
func (s *scarce) poll(flags ...string) (int, string) {
	c := exec.Command("sh", "-c", fmt.Sprintf("ulimit -s 256 && ulimit -d %d && exec helpdesk --config %s poll %s",
		s.most,
		filepath.Join(s.dir, "helpdesk.yaml"), strings.Join(flags, " ")))
	c.Env = append(os.Environ(), "GOMAXPROCS=1", "GOMEMLIMIT=40MiB", "GOGC=100")
	for name, value := range s.environment() {
		c.Env = append(c.Env, name+"="+value)
	}
	out, _ := c.CombinedOutput()
	return c.ProcessState.ExitCode(), string(out)
}

// ordinary delivers letters that need little memory.
func (s *scarce) ordinary(n int) {
	for range n {
		s.sent++
		s.letter(fmt.Sprintf("%d@a.example", s.sent), fmt.Sprintf("a%d@a%d.example", s.sent, s.sent),
			fmt.Sprint("Letter ", s.sent), "please")
	}
}

// enough sets the limit to the memory that ordinary letters need on this machine. It tries with dry runs, because they
// leave no trace when they die.
func (s *scarce) enough() {
	s.ordinary(3)
	for s.most = 20_000; s.most < 2_000_000; s.most += 2_000 {
		good := 0
		for range 3 {
			if status, _ := s.poll("--dry-run"); status != 0 {
				break
			}
			good++
		}
		if good == 3 {
			s.most += 16_000 // a pass that makes tasks needs more than a dry run
			return
		}
	}
	s.t.Skip("nothing is enough: is memory bounded by other means here?")
}

// TestDyingForWantOfMemory makes the runtime die over a letter, as when the system has no more memory; then none of our
// code runs. The third pass reads only the header of that letter, and the other letters become tasks.
func TestDyingForWantOfMemory(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs some twenty processes")
	}
	r, err := newRig(t.TempDir(), sandbox.PortalOptions{}, withoutCRM)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	s := &scarce{drive: &drive{rig: r, t: t, clock: sandbox.NewClock(time.Now())}}
	s.enough()
	t.Logf("the limit is %d kB", s.most)
	s.ordinary(2)
	s.letter("heavy@b.example", "heavy@b.example", "Heavy", strings.Repeat(
		"<blockquote type=cite><div>On Monday, Anna <anna@a.example> wrote:</div><p>w", 500_000),
		"Content-Type: text/html; charset=utf-8")
	s.ordinary(2)
	for i := range 2 {
		code, said := s.poll()
		if code != 2 || !strings.Contains(said, "memory") && !strings.Contains(said, "pthread_create failed") {
			t.Fatalf("pass %d within %d kB ends with %d: %.300s", i+1, s.most, code, said)
		}
	}
	if _, err := os.Stat(status.DiaryFile(filepath.Join(r.dir, "helpdesk.db"))); err != nil {
		t.Error(err)
	}
	s.most += 64_000 // enough for that letter, too, but two passes died over it
	code, said := s.poll()
	if code != exit.Held {
		t.Errorf("the third pass ends with %d: %.300s", code, said)
	}
	letters, told := 0, 0
	for _, task := range s.portal.Tasks() {
		switch {
		case strings.HasPrefix(task.Title, "Letter "):
			letters++
		case strings.Contains(task.Description, "heavy@b.example"):
			told++
		}
	}
	if letters != s.sent || told != 1 {
		t.Errorf("%d tasks of %d letters, %d of the one that is too heavy", letters, s.sent, told)
	}
	if code, said := s.poll(); code == 2 || code == exit.Failure {
		t.Errorf("the fourth pass ends with %d: %.300s", code, said)
	}
}
