package cmd

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// Both servers of pages answer requests for loopback names only. Otherwise a stranger's page could resolve a name of
// its own to this machine and read the answer.
func TestPagesAreShownToThisMachineAlone(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{}, "")
	for name, args := range map[string][]string{
		"preview": d.args("letter", "preview", "received", "--serve", "127.0.0.1:0"),
		"demo":    {"demo", "--no-pause", "--serve", "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, end := context.WithCancel(t.Context())
			defer end()
			at := make(chan string, 1)
			var mu sync.Mutex
			var said strings.Builder
			a := d.app()
			a.now = time.Now
			a.Terminal = tui.Terminal{In: strings.NewReader(""), Err: writer(func(string) {}),
				Out: writer(func(text string) {
					mu.Lock()
					defer mu.Unlock()
					said.WriteString(text)
					if m := regexp.MustCompile(`http://(127\.0\.0\.1:\d+)/ — until`).FindStringSubmatch(
						said.String()); m != nil {
						select {
						case at <- m[1]:
						default:
						}
					}
				})}
			ended := make(chan int, 1)
			go func() { ended <- a.run(ctx, args) }()
			var addr string
			select {
			case addr = <-at:
			case status := <-ended:
				t.Fatalf("status %d\n%s", status, &said)
			}
			_, port, _ := strings.Cut(addr, ":")
			for host, want := range map[string]int{
				addr:                     200,
				"localhost:" + port:      200,
				"rebind.example:" + port: 421,
				"192.0.2.7":              421,
			} {
				r, err := http.NewRequestWithContext(ctx, "GET", "http://"+addr+"/", nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Host = host
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = answer.Body.Close()
				if answer.StatusCode != want {
					t.Errorf("asked as %s: %d, want %d", host, answer.StatusCode, want)
				}
			}
			end()
			if status := <-ended; status != exit.Interrupted && status != exit.Done {
				t.Errorf("status %d", status)
			}
		})
	}
}
