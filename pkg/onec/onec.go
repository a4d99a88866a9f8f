// Package onec asks a 1C database for the names of contacts by OData. It reads two configured fields of one catalog, an
// address and a name, and writes nothing.
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

// Options locate the catalog and its fields.
type Options struct {
	URL      string // https://1c/base/odata/standard.odata/
	CA       []byte // PEM certificates trusted in addition to the system's
	Catalog  string // name of the entity set, Catalog_…
	Email    string // field with the address
	Name     string // field with the name
	User     string
	Password string
	Agent    string       // User-Agent; "" = Go's default
	Expiry   wire.Expiry  // gets the expiry of the server's certificate; nil = unused
	Client   *http.Client // nil = one with a timeout of 15 s
}

// Client queries one database.
type Client struct{ o Options }

// New returns a client. It does not connect yet.
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

// keys is the configuration section of a database, for error messages.
const keys = "contacts.onec"

const most = 4 << 20 // bounds a response, in bytes

// Profiles returns the profiles of the addresses found in the catalog, by folded address. It asks for several addresses
// in a query.
func (c *Client) Profiles(ctx context.Context, addresses []string) (map[string]desk.Profile, error) {
	const atOnce = 20 // limits the length of the URL
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
		// A quotation mark in a value is doubled (OData 3.0, 5.1.1.1).
		asked = append(asked, c.o.Email+" eq '"+strings.ReplaceAll(a, "'", "''")+"'")
	}
	q := url.Values{
		"$format": {"json"},
		"$select": {c.o.Email + "," + c.o.Name},
		"$filter": {strings.Join(asked, " or ")},
	}
	// QUIRK: 1C reads + literally, so blanks are percent-encoded.
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
		if errors.As(err, &u) { // its text contains the whole query
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

// rows reads the values of a response and ignores those that are not strings.
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
