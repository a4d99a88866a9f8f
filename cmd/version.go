package cmd

import (
	"github.com/spf13/cobra"

	"helpdesk/pkg/version"
)

func newVersion(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Version, commit, date and Go of this program",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if asJSON {
				return a.JSON(version.Get())
			}
			a.Printf("%s\n", version.Get())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
