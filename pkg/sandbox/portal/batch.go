package portal

import (
	"net/http"
	"strings"
	"time"

	"helpdesk/pkg/lazy"
)

const maxCommands = 50

// batchRun is a running batch: the five maps of its response, in the order of the commands.
type batchRun struct {
	p       *Portal
	base    string
	begun   time.Time          // real time
	maps    map[string]*Params // result, error, total, next, time
	stopped *Fault
}

// batch runs the commands one after the other. Its status is always 200.
func (p *Portal) batch(params *Params, base string, start time.Time) answer {
	b := &batchRun{p: p, base: base, begun: time.Now(), maps: map[string]*Params{}}
	for _, name := range []string{"result", "error", "total", "next", "time"} {
		b.maps[name] = &Params{}
	}
	cmds, _ := params.Get("cmd").(*Params)
	for i, key := range cmds.Keys() {
		ok := b.command(key, cmds.Str(key), i)
		if b.stopped != nil {
			return answer{fault: b.stopped}
		}
		if !ok && truthy(params.Get("halt")) {
			break
		}
	}
	return answer{status: http.StatusOK, body: object{
		"result": object{
			"result": b.maps["result"], "result_error": b.maps["error"], "result_total": b.maps["total"],
			"result_next": b.maps["next"], "result_time": b.maps["time"],
		},
		"time": p.timing("batch", start),
	}}
}

func (b *batchRun) fail(key string, err error) bool {
	e := asAPIError(err)
	b.maps["error"].set(key, object{"error": e.code, "error_description": e.text})
	if !e.reset.IsZero() {
		b.maps["time"].set(key, object{"operating_reset_at": e.reset.Unix()})
	}
	return false
}

// command runs one command and reports whether it succeeded.
func (b *batchRun) command(key, cmd string, index int) bool {
	if index >= maxCommands {
		return b.fail(key, refuse("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded"))
	}
	if time.Since(b.begun) > b.p.o.RequestLimit {
		b.stopped = &Fault{Kind: BadGateway}
		return false
	}
	name, params := b.parse(cmd)
	c := b.p.note(&Call{Method: name, Batch: true, Command: key, Params: params})
	f := b.p.faultOf(c)
	if f.Kind == Stall && (f.For > 0 || f.Until != nil) {
		if f.Until != nil {
			<-f.Until
		}
		time.Sleep(f.For)
		f = Fault{}
	}
	result, err := b.run(name, params, key, f)
	if f.transport() {
		f.After = true
		b.stopped = &f
		return false
	}
	if e := f.failure(); e != nil {
		err = e
	}
	if err != nil {
		e := asAPIError(err)
		b.p.close(c, e.status, e.code)
		return b.fail(key, e)
	}
	b.p.close(c, http.StatusOK, "")
	if f.runs() {
		b.maps["result"].set(key, result)
	}
	return true
}

func (b *batchRun) run(name string, params *Params, key string, f Fault) (any, error) {
	if !f.runs() {
		return nil, nil
	}
	// QUIRK: only the inner parts of uploads and downloads are forbidden; disk.folder.uploadfile with base64 is not
	// (rest, methodsBatch).
	if name == "batch" || name == "upload" || name == "download" {
		return nil, &apiError{
			status: http.StatusMethodNotAllowed,
			code:   "ERROR_BATCH_METHOD_NOT_ALLOWED",
			text:   "Method is not allowed for batch usage",
		}
	}
	start := b.p.o.Now()
	x := &execution{params: params, base: b.base, methods: b.p.methods}
	result, err := b.p.execute(name, x)
	if err != nil {
		return nil, err
	}
	b.maps["time"].set(key, b.p.timing(name, start))
	if x.total != nil {
		b.maps["total"].set(key, *x.total)
	}
	if x.next != nil {
		b.maps["next"].set(key, *x.next)
	}
	return result, nil
}

// parse splits a command into the method and its parameters, and replaces references.
func (b *batchRun) parse(cmd string) (string, *Params) {
	// QUIRK: commands are parsed by parse_url, where a raw # ends the query.
	cmd, _, _ = strings.Cut(cmd, "#")
	name, query, _ := strings.Cut(cmd, "?")
	params := parseQuery(query)
	b.substitute(params)
	return strings.TrimSuffix(strings.ToLower(strings.Trim(name, "/")), ".json"), params
}

// QUIRK: anything like a reference is replaced in every value, even in a customer's text, together with all text up to
// the next white space (rest, methodsBatch).
var reference = lazy.Regexp(`(?i)\$(result|next|total|time|error)(\S*)`)

func (b *batchRun) substitute(p *Params) {
	for _, k := range p.keys {
		switch v := p.vals[k].(type) {
		case *Params:
			b.substitute(v)
		case string:
			if loc := reference().FindStringIndex(v); loc != nil {
				p.vals[k] = b.resolve(v, loc[0] == 0 && loc[1] == len(v))
			}
		}
	}
}

// resolve replaces the references. A list is possible only if the reference is the whole value.
func (b *batchRun) resolve(v string, whole bool) any {
	var all any
	filled := reference().ReplaceAllStringFunc(v, func(ref string) string {
		m := reference().FindStringSubmatch(ref)
		found := lookUp(b.maps[strings.ToLower(m[1])], m[2])
		if list, ok := found.(*Params); ok {
			all = list
		}
		return text(found)
	})
	if whole && all != nil {
		return all
	}
	return filled
}

var segment = lazy.Regexp(`^\[([^\]]*)\]`)

func lookUp(data *Params, path string) any {
	var at any = data
	for {
		m := segment().FindStringSubmatch(path)
		if m == nil {
			return at
		}
		path = path[len(m[0]):]
		p, ok := plain(at).(*Params)
		if !ok {
			return nil
		}
		at = plain(p.vals[m[1]])
	}
}
