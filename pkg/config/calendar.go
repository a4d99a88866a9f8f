package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"helpdesk/templates"
)

// listFolder is where the lists of days off lie, among the templates.
const listFolder = "calendars"

// DaysOff is what a list of days off says of one year.
type DaysOff struct {
	Holidays []string `yaml:"holidays"` // not worked whatever the day of the week
	Workdays []string `yaml:"workdays"` // worked whatever the day of the week
	Short    []string `yaml:"short"`    // one hour shorter
	Decreed  *bool    `yaml:"decreed"`  // false: the days are those that can be foreseen; nil = true
}

// Final reports whether the days are not going to change.
func (d DaysOff) Final() bool { return d.Decreed == nil || *d.Decreed }

// Lists returns the lists of days off that the calendar names.
func (c *Config) Lists() (names []string) {
	for _, h := range c.Calendar.Holidays {
		if listName().MatchString(h) {
			names = append(names, h)
		}
	}
	return names
}

// DaysOff returns a list of days off by year.
func (c *Config) DaysOff(list string) (map[int]DaysOff, error) {
	name := path.Join(listFolder, list+".yaml")
	for _, files := range c.files() {
		raw, err := fs.ReadFile(files, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		years := map[int]DaysOff{}
		if err == nil {
			err = yaml.UnmarshalWithOptions(raw, &years, yaml.Strict())
		}
		for year, days := range years {
			err = errors.Join(err, days.check(year))
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		return years, nil
	}
	return nil, fmt.Errorf("there is no list of days off of that name; there is %s", strings.Join(c.lists(), ", "))
}

// check looks at the days of a year.
func (d DaysOff) check(year int) error {
	for _, list := range [][]string{d.Holidays, d.Workdays, d.Short} {
		for _, day := range list {
			if t, err := time.Parse(time.DateOnly, day); err != nil || t.Year() != year {
				return fmt.Errorf("%s is no day of %d", day, year)
			}
		}
	}
	for _, day := range d.Holidays {
		if slices.Contains(d.Workdays, day) || slices.Contains(d.Short, day) {
			return fmt.Errorf("%s is both off and worked", day)
		}
	}
	return nil
}

// files are where templates are looked for, in this order.
func (c *Config) files() []fs.FS {
	if c.Templates == "" {
		return []fs.FS{templates.FS}
	}
	return []fs.FS{os.DirFS(c.Templates), templates.FS}
}

// lists returns the names of all lists that there are.
func (c *Config) lists() (names []string) {
	for _, files := range c.files() {
		found, _ := fs.Glob(files, listFolder+"/*.yaml") // the pattern is right
		for _, f := range found {
			names = append(names, strings.TrimSuffix(path.Base(f), ".yaml"))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// calendar refuses lists of days off that there are not, and days that are both off and worked.
func (d *decoder) calendar(c *Config) {
	for i, day := range c.Calendar.Holidays {
		key := fmt.Sprintf("calendar.holidays[%d]", i)
		if slices.Contains(c.Calendar.Workdays, day) {
			d.once(key, "is in calendar.workdays as well")
		}
		if !listName().MatchString(day) || d.brokenIn("templates") {
			continue
		}
		if _, err := c.DaysOff(day); err != nil {
			d.once(key, "%s", err)
		}
	}
}
