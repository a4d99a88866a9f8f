package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readEnv(t *testing.T, text string) (map[string]string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, EnvFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadEnv(filepath.Join(dir, "helpdesk.yaml"))
}

func TestVariablesBesideTheConfiguration(t *testing.T) {
	got, err := readEnv(t, "\ufeff# a comment\r\n\nA='with $igns \\ and \"quotes\"'\r\nB=\"two words\"\nexport "+
		"C=plain=value\n  D='x' # why\nE=''\nF=\nA2='last line'")
	want := map[string]string{
		"A":  `with $igns \ and "quotes"`,
		"B":  "two words",
		"C":  "plain=value",
		"D":  "x",
		"A2": "last line",
	}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	if got, err := ReadEnv(filepath.Join(t.TempDir(), "helpdesk.yaml")); got != nil || err != nil {
		t.Errorf("without a file: %v, %v", got, err)
	}
	if _, err := ReadEnv(filepath.Join(t.TempDir(), "\x00", "helpdesk.yaml")); err == nil {
		t.Error("a file that can't be read is no error")
	}
}

// A line that sh and systemd read differently, or not at all, is a mistake. The message has the line's number but not
// its text.
func TestVariablesThatNobodyCanBeSureOf(t *testing.T) {
	for _, line := range []string{"A='s3cret", "A='it''s3cret'", `A="$s3cret"`, "A=\"`s3cret`\"", `A="s3\\cret"`,
		"A=s3cret words", "A=$s3cret", "s3cret", "1A='s3cret'", "A B='s3cret'",
		"A='s3cret' B='x'", "A=s3cret;b", "A = 's3cret'", "A: s3cret"} {
		_, err := readEnv(t, "OK='1'\n"+line+"\n")
		var wrong Mistakes
		if !errors.As(err, &wrong) || len(wrong) != 1 || wrong[0].Line != 2 {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), EnvFile+":2:1:") {
			t.Errorf("%s: says %v", line, err)
		}
	}
}
