package check

import "fmt"

// said replaces the texts of a language: it returns the key and the arguments.
func said(key string, args ...any) string { return fmt.Sprintln(append([]any{key}, args...)...) }
