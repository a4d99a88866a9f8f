package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func cmdVariables(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	var b strings.Builder
	for name, value := range sceneOf(ts).environment() {
		fmt.Fprintf(&b, "%s='%s'\n", name, value)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

func cmdOwned(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2)
	uid, err := strconv.Atoi(args[0])
	ts.Check(err)
	for _, name := range args[1:] {
		ts.Check(os.Chown(ts.MkAbs(name), uid, uid))
	}
	for dir := ts.MkAbs("."); dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
		ts.Check(os.Chmod(dir, 0o755))
	}
}
