package spool

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestBody(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, size := range []int{0, 5, inMemory, inMemory + 1, 3 << 20} {
		want := bytes.Repeat([]byte("ab\r\nc"), size/5+1)[:size]
		b, err := Read(bytes.NewReader(want), int64(size))
		if err != nil || b.Size() != int64(size) {
			t.Fatal(size, err)
		}
		one, two := b.Open(), b.Open()
		_, _ = io.CopyN(io.Discard, one, 2) // readers do not disturb each other
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

func TestShortAndFull(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, size := range []int64{10, inMemory + 10} {
		if b, err := Read(strings.NewReader("short"), size); !errors.Is(err, ErrShort) || b != nil {
			t.Error(size, b, err)
		}
	}
	t.Setenv("TMPDIR", "/nowhere")
	var disk *fs.PathError
	if b, err := Read(bytes.NewReader(make([]byte, inMemory+1)), inMemory+1); !errors.As(err, &disk) || b != nil {
		t.Error(b, err)
	}
}
