// Command bench measures whole passes: processes of helpdesk with their own Dovecot, the sandbox portal and the sandbox
// relay. It compares them with mbsync, if installed, and with the least that a program can do on an IMAP server. It
// prints the tables of docs/performance.md.
//
// It is not a test and asserts nothing: times depend on the machine, and only ratios within one run are meaningful.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	only     string
	rounds   int
	seed     uint64
	letters  int // in a backlog; the large one has ten times as many
	records  int // in the state of an idle pass
	cpu, mem string
	write    bool
	loud     bool
	brief    bool // a single idle pass a round
}

func main() {
	var o options
	flag.StringVar(&o.only, "only", "", "measure the `NAME`d tables alone, separated by commas: "+names())
	flag.IntVar(&o.rounds, "rounds", 5, "how often each program runs")
	flag.Uint64Var(&o.seed, "seed", 1, "of the letters")
	flag.IntVar(&o.letters, "letters", 1000, "in a backlog")
	flag.IntVar(&o.records, "records", 1_000_000, "in the state of an idle pass")
	flag.StringVar(&o.cpu, "cpuprofile", "", "`FOLDER` for CPU profiles of helpdesk, one a run")
	flag.StringVar(&o.mem, "memprofile", "", "`FOLDER` for heap profiles of helpdesk, one a run")
	flag.BoolVar(&o.write, "write", false, "put the tables into docs/performance.md")
	flag.BoolVar(&o.loud, "v", false, "pass on all that the programs say")
	flag.Parse()
	if err := bench(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// scenario fills one table.
type scenario struct {
	name string
	run  func(b *measuring) (*table, error)
}

func scenarios() []scenario {
	return []scenario{{
		"idle",
		idle,
	}, {"backlog", backlog}, {"far", far}, {"growth", growth}, {"notify", notify}, {"large", large},
		{"pages", pages}, {"database", database}, {"report", year}}
}

// measuring is the environment of a scenario.
type measuring struct {
	options
	w   *world
	p   *programs
	log io.Writer
}

func names() string {
	var all []string
	for _, s := range scenarios() {
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}

func bench(o options) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	for _, folder := range []*string{&o.cpu, &o.mem} {
		if *folder == "" {
			continue
		}
		if *folder, err = filepath.Abs(*folder); err == nil {
			err = os.MkdirAll(*folder, 0o755)
		}
		if err != nil {
			return err
		}
	}
	var out bytes.Buffer
	err = measure(root, released, o, os.Stderr, io.MultiWriter(os.Stdout, &out))
	if o.write && err == nil {
		err = insert(filepath.Join(root, "docs", "performance.md"), out.Bytes())
	}
	return err
}

// measure runs the selected scenarios and writes their tables to out; it writes its progress to log.
func measure(root string, how building, o options, log, out io.Writer) error {
	w, err := startWorld()
	if err != nil {
		return err
	}
	defer w.stop()
	p, err := build(root, how)
	if err != nil {
		return err
	}
	defer p.remove()
	p.cpu, p.mem, p.loud = o.cpu, o.mem, o.loud
	defer onSignal(func() { w.stop(); p.remove() })()
	fmt.Fprintf(out, "Medians of %d rounds, seed %d, %d processors, %s; %s.\n\n", o.rounds, o.seed, runtime.NumCPU(),
		runtime.Version(), p.versions())
	b := &measuring{options: o, w: w, p: p, log: log}
	for _, s := range scenarios() {
		if o.only != "" && !strings.Contains(","+o.only+",", ","+s.name+",") {
			continue
		}
		start := time.Now()
		t, err := s.run(b)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		t.write(out)
		if t.missed {
			if err := b.profiled(s, out); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		fmt.Fprintf(b.log, "%s: %s\n", s.name, time.Since(start).Round(time.Second))
	}
	return nil
}

// onSignal runs f when the program is interrupted, so that no server of ours keeps running. The returned function stops
// this.
func onSignal(f func()) (end func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, got := <-c; got {
			f()
			os.Exit(130)
		}
	}()
	return func() { signal.Stop(c); close(c) }
}

// versions returns the names and versions of the software that helpdesk is measured against.
func (p *programs) versions() string {
	server, err := exec.Command("/usr/sbin/dovecot", "--version").Output()
	if err != nil {
		server, _ = exec.Command("dovecot", "--version").Output()
	}
	server, _, _ = bytes.Cut(server, []byte(" "))
	if p.mbsync == "" {
		return fmt.Sprintf("Dovecot %s; mbsync is not installed (package isync), so nothing is compared with it",
			server)
	}
	sync, _ := exec.Command(p.mbsync, "--version").Output()
	return fmt.Sprintf("Dovecot %s, mbsync (%s)", server, bytes.TrimSpace(sync))
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	file := strings.TrimSpace(string(out))
	if err != nil || file == "" || file == os.DevNull {
		return "", errors.Join(errors.New("run it within the module: go run ./internal/bench"), err)
	}
	return filepath.Dir(file), nil
}
