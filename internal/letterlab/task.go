package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// firstTask is the id of the first task in the demonstration.
const firstTask = 3701

var served = regexp.MustCompile(`http://[0-9.]+:\d+/`)

// drawTask draws the first task of the demonstration into docs/letters/task.png.
func drawTask(ctx context.Context, root string, _ []sample) error {
	page, err := demoTask(ctx, root)
	if err != nil {
		return err
	}
	b, err := openBrowser(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	raw, err := b.draw(page, view{"task", 1000, "light"})
	if err != nil {
		return fmt.Errorf("draw task: %w", err)
	}
	return os.WriteFile(filepath.Join(root, pictureFolder, "task.png"), raw, 0o644)
}

// demoTask runs the demonstration and returns the page of its first task.
func demoTask(ctx context.Context, root string) (string, error) {
	dir, err := os.MkdirTemp("", "letterlab-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "helpdesk")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	if build.Dir = root; build.Run() != nil {
		return "", errors.New("go build failed")
	}
	c := exec.CommandContext(ctx, program, "demo", "--no-pause", "--serve", "127.0.0.1:0")
	c.Dir, c.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := c.Start(); err != nil {
		return "", err
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	for s := bufio.NewScanner(out); s.Scan(); {
		if at := served.FindString(s.Text()); at != "" {
			return get(ctx, fmt.Sprintf("%stask/%d", at, firstTask))
		}
	}
	return "", errors.New("the demonstration ended without a page")
}

func get(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, b)
	}
	return string(b), err
}
