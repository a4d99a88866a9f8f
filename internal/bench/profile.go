package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// profiled repeats a scenario that missed a goal, now with profiles, and prints where helpdesk spent its processor
// time. The compared runs have no profiles, because profiling takes time itself.
func (b *measuring) profiled(s scenario, out io.Writer) error {
	if b.p.cpu != "" { // profiles were requested anyway
		return nil
	}
	folder, err := os.MkdirTemp(b.p.dir, "profiles")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	once := *b
	once.rounds, once.records = 1, 1
	b.p.cpu = folder
	_, err = s.run(&once)
	b.p.cpu = ""
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.pprof"))
	if err != nil || len(files) == 0 {
		return err
	}
	top, err := exec.Command("go", append([]string{"tool", "pprof", "-top", "-cum", "-nodecount=30",
		"-show=helpdesk/(cmd|pkg)/|gcBgMarkWorker$|runtime.mallocgc$", b.p.helpdesk}, files...)...).Output()
	if err != nil {
		return fmt.Errorf("read profiles: %w", err)
	}
	if at := bytes.Index(top, []byte("Showing nodes")); at > 0 { // the lines before it describe this machine
		top = top[at:]
	}
	fmt.Fprintf(out, "Where helpdesk spends the processor time of all its runs for this table:\n\n```\n%s\n```\n\n",
		strings.TrimSpace(string(top)))
	return nil
}
