package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdesk/internal/servers"
)

func TestBody(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, size := range []int{0, 5, inMemory, inMemory + 1, 3 << 20} {
		want := bytes.Repeat([]byte("ab\r\nc"), size/5+1)[:size]
		b, err := Folders(nil).Read(bytes.NewReader(want), int64(size))
		if err != nil || b.Size() != int64(size) {
			t.Fatal(size, err)
		}
		one, two := b.Open(), b.Open()
		_, _ = io.CopyN(io.Discard, one, 2) // readers are independent
		for n, r := range []io.Reader{one, two} {
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, want[min(size, 2-2*n):]) {
				t.Errorf("%d: %d bytes, %v", size, len(got), err)
			}
		}
		if got, err := b.Bytes(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d: %d bytes, %v", size, len(got), err)
		}
		if (b.file != nil) != (size > inMemory) {
			t.Errorf("%d bytes: file %v", size, b.file)
		}
		b.Close()
		b.Close()
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestShort(t *testing.T) {
	dir := t.TempDir()
	for _, size := range []int64{10, inMemory + 10} {
		if b, err := (Folders{dir}).Read(strings.NewReader("short"), size); !errors.Is(err, ErrShort) || b != nil {
			t.Error(size, b, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// If a folder is missing or becomes full, the next one is used.
func TestTheNextFolder(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	spare := t.TempDir()
	small := []string{"", filepath.Join(spare, "missing, too")}
	if disk, err := servers.NewDisk(1 << 20); err == nil {
		t.Cleanup(disk.Remove)
		small = append(small, disk.Dir)
	} else {
		t.Log("without ", err)
	}
	want := bytes.Repeat([]byte("ab\r\nc"), 600_000)
	for _, dir := range small {
		b, err := Folders{dir, spare}.Read(bytes.NewReader(want), int64(len(want)))
		if err != nil {
			t.Fatalf("%q: %v", dir, err)
		}
		if got, err := b.Bytes(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %d bytes, %v", dir, len(got), err)
		}
		b.Close()
		if b, err := (Folders{dir}).Read(bytes.NewReader(want), int64(len(want))); !errors.Is(err, ErrNoRoom) ||
			b != nil {
			t.Errorf("%q: %v, %v", dir, b, err)
		}
		if err := (Folders{dir}).Try(int64(len(want))); !errors.Is(err, ErrNoRoom) ||
			!strings.Contains(err.Error(), dir) {
			t.Errorf("%q: %v", dir, err)
		}
	}
	// The message fits there again, because failed attempts left nothing behind.
	for _, dir := range small[2:] {
		if err := (Folders{dir}).Try(900 << 10); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(spare); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
