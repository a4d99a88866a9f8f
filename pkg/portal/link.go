package portal

import "fmt"

// TaskLink returns the address of a task's page on a portal, as the user sees it.
func TaskLink(host string, user, task int64) string {
	return fmt.Sprintf("https://%s/company/personal/user/%d/tasks/task/view/%d/", host, user, task)
}
