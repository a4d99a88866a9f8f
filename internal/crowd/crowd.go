// Package crowd plays customers who write and a specialist who answers, on the embedded servers, and then checks that
// everything was created exactly once. It runs no passes itself: tests that kill them and manual trials use it.
package crowd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// Specialist is the id of the portal user who answers.
const Specialist = 7

// Crowd plays the people and counts what they have written.
type Crowd struct {
	Portal *sandbox.Portal
	IMAP   *mail.IMAP
	SMTP   *mail.SMTP
	Rnd    *rand.Rand
	Now    func() time.Time

	Letters int       // number of letters by customers
	Said    int       // number of comments by the specialist
	SaidAt  time.Time // time of the last comment
	firsts  []string  // Message-IDs of the first letter of each customer
}

// Happen adds one random event: a letter from a new or known customer, or a comment by the specialist on a task. It
// returns a description of the event.
func (c *Crowd) Happen() (string, error) {
	if tasks := c.Portal.Tasks(); len(tasks) > 0 && c.Rnd.IntN(3) == 0 {
		c.Said, c.SaidAt = c.Said+1, c.Now()
		task := tasks[c.Rnd.IntN(len(tasks))].ID
		c.Portal.Say(task, Specialist, fmt.Sprintf("answer C%dC", c.Said))
		return fmt.Sprintf("comment %d on task %d", c.Said, task), nil
	}
	c.Letters++
	id, reference, customer := fmt.Sprintf("letter-%d@customer.example", c.Letters), "", len(c.firsts)+1
	if len(c.firsts) > 0 && c.Rnd.IntN(3) == 0 {
		customer = 1 + c.Rnd.IntN(len(c.firsts))
		reference = "In-Reply-To: <" + c.firsts[customer-1] + ">\r\n"
	} else {
		c.firsts = append(c.firsts, id)
	}
	raw := fmt.Sprintf("From: someone@customer%d.example\r\nTo: support@helpdesk.example\r\nSubject: Request of "+
		"customer %d\r\nMessage-ID: <%s>\r\n"+
		"Date: %s\r\n%sContent-Type: text/plain\r\n\r\nBody L%dL\r\n", customer, customer, id,
		c.Now().Format(time.RFC1123Z), reference, c.Letters)
	_, err := c.IMAP.Append("INBOX", []byte(raw), c.Now())
	return fmt.Sprintf("letter %d of customer %d", c.Letters, customer), err
}

// Unseen returns the number of unread letters on the server.
func (c *Crowd) Unseen() (n int) {
	for _, m := range c.IMAP.Messages("INBOX") {
		if !m.Seen {
			n++
		}
	}
	return n
}

// Mistakes returns the deviations from the expected result: each letter has become one task or one comment, each
// customer has one task and at most one auto-reply, and each comment was sent under one Message-ID.
func (c *Crowd) Mistakes() (found []string) {
	wrong := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	made := c.made()
	for i := 1; i <= c.Letters; i++ {
		if n := made[fmt.Sprintf("L%dL", i)]; n != 1 {
			wrong("letter %d of %d has made %d tasks and comments", i, c.Letters, n)
		}
	}
	if n := len(c.Portal.Tasks()); n != len(c.firsts) {
		wrong("%d tasks of %d requests", n, len(c.firsts))
	}
	answers, replies, err := c.mailed()
	if err != nil {
		wrong("%v", err)
	}
	for i := 1; i <= c.Said; i++ {
		if n := len(answers[fmt.Sprintf("C%dC", i)]); n != 1 {
			wrong("comment %d of %d went out under %d Message-IDs", i, c.Said, n)
		}
	}
	for to, n := range replies {
		if n > 1 {
			wrong("%s got %d auto-replies", to, n)
		}
	}
	return found
}

var letterMark, answerMark = regexp.MustCompile(`L\d+L`), regexp.MustCompile(`C\d+C`)

// made counts how often each letter appears in the portal.
func (c *Crowd) made() map[string]int {
	made := map[string]int{}
	for _, task := range c.Portal.Tasks() {
		texts := []string{task.Description}
		for _, said := range task.Comments {
			if said.Author != Specialist {
				texts = append(texts, said.Text)
			}
		}
		for _, mark := range letterMark.FindAllString(strings.Join(texts, "\n"), -1) {
			made[mark]++
		}
	}
	return made
}

// mailed returns the Message-IDs of each comment, and the number of auto-replies to each address.
func (c *Crowd) mailed() (answers map[string]map[string]bool, replies map[string]int, err error) {
	answers, replies = map[string]map[string]bool{}, map[string]int{}
	for _, l := range c.SMTP.Letters() {
		m, err := eml.Parse(bytes.NewReader(l.Raw), desk.Listing{})
		if err != nil {
			return answers, replies, err
		}
		if m.Header.Has("Auto-Submitted") {
			replies[l.To[0]]++
			continue
		}
		for _, mark := range answerMark.FindAllString(m.Plain, -1) {
			if answers[mark] == nil {
				answers[mark] = map[string]bool{}
			}
			answers[mark][m.ID] = true
		}
	}
	return answers, replies, nil
}
