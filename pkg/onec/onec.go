// Package onec asks a 1C database for the names of contacts, by its OData interface.
//
// It reads one catalogue with two fields, an address and a name, as the settings name them; it writes nothing there.
package onec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/wire"
)

// Options say where the catalogue is and what its fields are called.
type Options struct {
	URL      string // https://1c/base/odata/standard.odata/
	CA       []byte // PEM: certificates trusted besides the system's
	Catalog  string // Catalog_…
	Email    string // field of the address
	Name     string // field of the name
	User     string
	Password string
	Agent    string       // how we name ourselves; "" = as Go does
	Expiry   wire.Expiry  // is told when the server's certificate expires; nil = nobody wants to know
	Client   *http.Client // nil = one that waits 15 s
}

// Client asks one database.
type Client struct{ o Options }

// New returns a client; nothing is dialled.
func New(o Options) (*Client, error) {
	if o.Client == nil {
		transport, err := wire.Transport(o.CA, keys, o.Expiry)
		if err != nil {
			return nil, err
		}
		o.Client = &http.Client{Timeout: 15 * time.Second, Transport: transport}
	}
	return &Client{o: o}, nil
}

// keys is where the settings of a database stand.
const keys = "contacts.onec"

const most = 4 << 20 // bytes of an answer

// Profiles returns the names of those addresses that the catalogue has, by folded address. Addresses are asked for
// several at a time.
func (c *Client) Profiles(ctx context.Context, addresses []string) (map[string]desk.Profile, error) {
	const atOnce = 20 // keeps the query short of what a web server takes
	found := map[string]desk.Profile{}
	for len(addresses) > 0 {
		n := min(atOnce, len(addresses))
		rows, err := c.query(ctx, addresses[:n])
		if err != nil {
			return nil, fmt.Errorf("ask 1C: %w", err)
		}
		for _, row := range rows {
			key := desk.FoldAddress(row[c.o.Email])
			if name := strings.TrimSpace(row[c.o.Name]); name != "" && key != "" {
				found[key] = desk.Profile{Name: name, Source: "onec"}
			}
		}
		addresses = addresses[n:]
	}
	return found, nil
}

func (c *Client) query(ctx context.Context, addresses []string) ([]map[string]string, error) {
	var asked []string
	for _, a := range addresses {
		// A quote within a value is written twice (OData 3.0, 5.1.1.1).
		asked = append(asked, c.o.Email+" eq '"+strings.ReplaceAll(a, "'", "''")+"'")
	}
	q := url.Values{
		"$format": {"json"},
		"$select": {c.o.Email + "," + c.o.Name},
		"$filter": {strings.Join(asked, " or ")},
	}
	// QUIRK: 1C reads + as a plus sign, so blanks must be percent-encoded.
	address := strings.TrimSuffix(c.o.URL, "/") + "/" + url.PathEscape(c.o.Catalog) + "?" +
		strings.ReplaceAll(q.Encode(), "+", "%20")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if c.o.Agent != "" {
		req.Header.Set("User-Agent", c.o.Agent)
	}
	if c.o.User != "" {
		req.SetBasicAuth(c.o.User, c.o.Password)
	}
	resp, err := c.o.Client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // its text holds the whole query
			err = u.Err
		}
		if advice := wire.Advice(err, keys+".url", keys+".ca"); advice != "" {
			err = fmt.Errorf("%w; %s", err, advice)
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %s", resp.Status)
	}
	return rows(io.LimitReader(resp.Body, most))
}

// rows reads the value list of an answer; what is not text in it does not count.
func rows(r io.Reader) ([]map[string]string, error) {
	var answer struct {
		Value []map[string]any `json:"value"`
	}
	if err := json.NewDecoder(r).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	out := make([]map[string]string, len(answer.Value))
	for i, row := range answer.Value {
		out[i] = map[string]string{}
		for k, v := range row {
			if s, ok := v.(string); ok {
				out[i][k] = s
			}
		}
	}
	return out, nil
}
