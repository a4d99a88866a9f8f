package check

import "fmt"

// said stands for the texts of a language: the key, and what would stand in it.
func said(key string, args ...any) string { return fmt.Sprintln(append([]any{key}, args...)...) }
