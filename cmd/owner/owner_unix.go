//go:build unix

// Package owner makes root act as the user a folder or file belongs to, so that nothing root does is out of that user's
// reach.
package owner

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// Act makes this process act as the owner of the path, with their groups, if it runs as root. It returns the user's
// name, "" where nothing changes: the process is not root's, the path is, or there is none. It can't be undone.
func Act(path string) (string, error) {
	if os.Geteuid() != 0 {
		return "", nil
	}
	st, err := os.Stat(path)
	if err != nil {
		return "", nil // whoever needs it will say so
	}
	of, ok := st.Sys().(*syscall.Stat_t)
	if !ok || of.Uid == 0 {
		return "", nil
	}
	name, groups := strconv.Itoa(int(of.Uid)), []int{int(of.Gid)}
	primary := int(of.Gid)
	if u, err := user.LookupId(name); err == nil { // a user without a name has the folder's group alone
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
