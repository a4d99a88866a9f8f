//go:build unix

// Package owner makes root act as the owner of a folder or file, so that this user can use all the files that root
// makes. For other users it changes nothing.
package owner

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// Act makes this process act as the owner of the path, with their groups, if it runs as root. It returns the user's
// name, or "" if nothing changes: the process does not run as root, root owns the path, or the path does not exist. The
// change can't be undone.
func Act(path string) (string, error) {
	if os.Geteuid() != 0 {
		return "", nil
	}
	st, err := os.Stat(path)
	if err != nil {
		return "", nil // opening the path will report the error
	}
	of, ok := st.Sys().(*syscall.Stat_t)
	if !ok || of.Uid == 0 {
		return "", nil
	}
	name, groups := strconv.Itoa(int(of.Uid)), []int{int(of.Gid)}
	primary := int(of.Gid)
	if u, err := user.LookupId(name); err == nil { // a user without an account gets only the folder's group
		name = u.Username
		primary, _ = strconv.Atoi(u.Gid)
		groups = members(u, primary)
	}
	for _, step := range []error{syscall.Setgroups(groups), syscall.Setgid(primary), syscall.Setuid(int(of.Uid))} {
		if step != nil {
			return "", fmt.Errorf("act as %s, the owner of %s: %w", name, path, step)
		}
	}
	return name, nil
}

// members returns the groups of a user.
func members(u *user.User, primary int) []int {
	groups := []int{primary}
	ids, err := u.GroupIds()
	if err != nil {
		return groups
	}
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil && n != primary {
			groups = append(groups, n)
		}
	}
	return groups
}
