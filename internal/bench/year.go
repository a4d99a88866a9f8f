package main

import (
	"fmt"
	"time"
)

// year measures the report on the tickets of a year.
func year(b *measuring) (*table, error) {
	const tickets, goal = 100_000, 2 * time.Second
	i, _, err := b.installed("year", mix{count: 1, plain: true, brief: true})
	if err != nil {
		return nil, err
	}
	defer i.remove()
	if err := multiply(i.state(), tickets); err != nil {
		return nil, fmt.Errorf("fill state: %w", err)
	}
	var all sample
	for range b.rounds {
		f, err := i.run("report", "--days", "366")
		if err != nil {
			return nil, err
		}
		all.add(f)
	}
	t := results("Report")
	reach, verdict := t.reached(float64(all.wall()), float64(goal), func(x float64) string {
		return seconds(time.Duration(x))
	})
	t.row(fmt.Sprintf("report over %d tickets", tickets), seconds(all.wall()), "", "", "", reach, verdict)
	t.weight("its peak RSS", all, 0)
	return t, nil
}
