// Command helpdesk is a mail channel for Bitrix24: letters become tasks, specialists' comments become letters.
package main

import (
	"os"

	"helpdesk/cmd"
)

func main() {
	os.Exit(cmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
