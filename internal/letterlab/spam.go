package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The limits of the scores. A picture with little text costs points by itself.
const (
	mostPlain = 1.0
	mostLogo  = 3.0
)

// score is SpamAssassin's score of a letter.
type score struct {
	Letter string
	Points float64
	Most   float64
	Rules  string
}

// scoreAll scores the letters with SpamAssassin, without network tests.
func scoreAll(ctx context.Context, root string, all []sample) error {
	scores, version, err := askSpamAssassin(ctx, all)
	if err != nil {
		return err
	}
	table, err := judgeScores(scores, version)
	fmt.Println(table)
	return errors.Join(err, intoDocs(root, "spam", table))
}

func judgeScores(scores []score, version string) (string, error) {
	var (
		b    strings.Builder
		errs []error
	)
	fmt.Fprintf(&b, "%s, local tests only.\n\n| letter | points | must stay below | rules that hit "+
		"|\n|---|---|---|---|\n", version)
	for _, s := range scores {
		if s.Points >= s.Most {
			errs = append(errs, fmt.Errorf("%s: %.1f points, %.1f are too many: %s", s.Letter, s.Points, s.Most,
				s.Rules))
		}
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %s |\n", s.Letter, s.Points, s.Most, s.Rules)
	}
	return b.String(), errors.Join(errs...)
}

var (
	verdict = regexp.MustCompile(
		`(?m)^X-Spam-Status: \w+, score=(-?[\d.]+) required=[\d.]+\s+tests=((?:[A-Z0-9_,]|\r?\n\s+)+)`)
	blanks     = regexp.MustCompile(`\s+`)
	firstWords = regexp.MustCompile(`SpamAssassin version \S+`)
)

// askSpamAssassin scores the letters and the shortest possible one, as if they had just arrived at the customer's
// server.
func askSpamAssassin(ctx context.Context, all []sample) ([]score, string, error) {
	short, err := shortSample()
	if err != nil {
		return nil, "", err
	}
	all = append(slices.Clone(all), short)
	program, err := find("spamassassin")
	if err != nil {
		return nil, "", err
	}
	home, err := os.MkdirTemp("", "letterlab-")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(home)
	prefs := filepath.Join(home, "user_prefs")
	if err := os.WriteFile(prefs, nil, 0o600); err != nil {
		return nil, "", err
	}
	ask := func(in []byte, args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, program, append([]string{"--prefspath=" + prefs}, args...)...)
		var stderr bytes.Buffer
		cmd.Stdin, cmd.Stderr, cmd.Env = bytes.NewReader(in), &stderr, append(os.Environ(), "HOME="+home, "LC_ALL=C")
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("spamassassin: %w\n%s", err, stderr.Bytes())
		}
		return out, nil
	}
	version, err := ask(nil, "--version")
	if err != nil {
		return nil, "", err
	}
	out, err := ask(mbox(all), "--local", "--test-mode", "--mbox")
	if err != nil {
		return nil, "", err
	}
	found := verdict.FindAllSubmatch(out, -1)
	if len(found) != len(all) {
		return nil, "", fmt.Errorf("spamassassin: %d letters, %d verdicts", len(all), len(found))
	}
	var scores []score
	for i, s := range all {
		one := score{
			Letter: s.Name,
			Most:   mostPlain,
			Rules:  strings.ReplaceAll(blanks.ReplaceAllString(string(found[i][2]), ""), ",", ", "),
		}
		if s.Logo {
			one.Most = mostLogo
		}
		if one.Points, err = strconv.ParseFloat(string(found[i][1]), 64); err != nil {
			return nil, "", err
		}
		scores = append(scores, one)
	}
	return scores, string(firstWords.Find(version)), nil
}

// mbox returns the letters as a mailbox file. Each letter gets a Received field, since SpamAssassin trusts a letter
// without one more than a customer's server would. The address in it is a real one: an address reserved for examples
// would count as forged.
func mbox(all []sample) []byte {
	var b bytes.Buffer
	for _, s := range all {
		fmt.Fprintf(&b, "From support@example.ru Tue Mar 12 11:30:02 2024\n"+
			"Return-Path: <support@example.ru>\n"+
			"Received: from smtp.example.ru (smtp.example.ru [195.34.32.25])\n\tby mx.example.org with ESMTPS id "+
			"4F2A1\n"+
			"\tfor <%s>; %s\n", s.Letter.To.Addr, s.Letter.Date.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
		b.Write(bytes.ReplaceAll(s.Raw, []byte("\r\n"), []byte("\n")))
		b.WriteString("\n\n")
	}
	return b.Bytes()
}
