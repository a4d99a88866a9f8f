package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// browser is a headless Chromium, controlled over a pipe by the DevTools protocol: JSON messages that end with NUL.
type browser struct {
	cmd     *exec.Cmd
	in      *os.File
	out     *bufio.Reader
	home    string
	last    int
	session string
}

// errMissing reports that a program is not installed.
var errMissing = errors.New("not installed")

func find(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", names[0], errMissing)
}

const patience = 30 * time.Second // timeout of a response by the browser

func openBrowser(ctx context.Context) (*browser, error) {
	program, err := find("chromium", "chromium-browser", "google-chrome")
	if err != nil {
		return nil, err
	}
	b := &browser{}
	if b.home, err = os.MkdirTemp("", "letterlab-"); err != nil {
		return nil, err
	}
	toIt, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, fromIt, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	b.cmd = exec.CommandContext(ctx, program, "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
		"--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync",
		"--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir="+b.home)
	b.cmd.Env = append(os.Environ(), "HOME="+b.home)
	b.cmd.ExtraFiles = []*os.File{toIt, fromIt} // become file descriptors 3 and 4, as the flag requires
	b.in, b.out = in, bufio.NewReader(out)
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start browser: %w", err)
	}
	_, _ = toIt.Close(), fromIt.Close()
	if err := out.SetReadDeadline(time.Now().Add(10 * patience)); err != nil {
		return nil, err
	}
	return b, b.attach()
}

func (b *browser) Close() {
	_ = b.in.Close()
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
	_ = os.RemoveAll(b.home)
}

// attach opens a page.
func (b *browser) attach() error {
	var target struct{ TargetID string }
	if err := b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var session struct{ SessionID string }
	if err := b.call("Target.attachToTarget", map[string]any{
		"targetId": target.TargetID,
		"flatten":  true,
	}, &session); err != nil {
		return err
	}
	b.session = session.SessionID
	return b.call("Page.enable", nil, nil)
}

// message is a message of the protocol in either direction.
type message struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    any             `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// call sends a request to the browser and waits for its response.
func (b *browser) call(method string, params, result any) error {
	b.last++
	raw, err := json.Marshal(message{ID: b.last, SessionID: b.session, Method: method, Params: params})
	if err != nil {
		return err
	}
	if _, err := b.in.Write(append(raw, 0)); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	m, err := b.next(func(m message) bool { return m.ID == b.last })
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", method, err)
	case m.Error != nil:
		return fmt.Errorf("%s: %s", method, m.Error.Message)
	case result == nil:
		return nil
	}
	return json.Unmarshal(m.Result, result)
}

// next returns the next wanted message and drops others.
func (b *browser) next(wanted func(message) bool) (message, error) {
	for {
		raw, err := b.out.ReadBytes(0)
		if err != nil {
			return message{}, err
		}
		var m message
		if err := json.Unmarshal(raw[:len(raw)-1], &m); err != nil {
			return m, err
		}
		if wanted(m) {
			return m, nil
		}
	}
}
