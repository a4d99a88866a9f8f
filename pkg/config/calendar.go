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

// listFolder is the folder of the lists of days off, among the templates.
const listFolder = "calendars"

// DaysOff is one year of a list of days off.
type DaysOff struct {
	Holidays []string `yaml:"holidays"` // not worked whatever the day of the week
	Workdays []string `yaml:"workdays"` // worked whatever the day of the week
	Short    []string `yaml:"short"`    // one hour shorter
	// false: the days are a forecast until the government decrees them; nil = true
	Decreed *bool `yaml:"decreed"`
}

// Final reports whether the days will not change any more.
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

// DaysOff returns a list of days off, by year.
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

// check validates the days of a year.
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

// files are the folders searched for templates, in this order.
func (c *Config) files() []fs.FS {
	if c.Templates == "" {
		return []fs.FS{templates.FS}
	}
	return []fs.FS{os.DirFS(c.Templates), templates.FS}
}

// lists returns the names of all lists of days off.
func (c *Config) lists() (names []string) {
	for _, files := range c.files() {
		found, _ := fs.Glob(files, listFolder+"/*.yaml") // the only error is a bad pattern
		for _, f := range found {
			names = append(names, strings.TrimSuffix(path.Base(f), ".yaml"))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// calendar reports lists of days off that do not exist, and days that are both off and worked.
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
