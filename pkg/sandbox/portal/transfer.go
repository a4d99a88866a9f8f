package portal

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// upload is a file that was announced but not yet sent.
type upload struct {
	folder int64
	name   string
	unique bool
}

func (d *drive) expect(u upload) string {
	token := rand.Text()
	d.uploads[token] = u
	return token
}

// grant creates a token for downloading the object.
func (d *drive) grant(object int64) string {
	token := rand.Text()
	d.grants[token] = object
	return token
}

// serveUpload stores a file sent to an address from disk.folder.uploadfile. It counts as a request.
func (p *Portal) serveUpload(w http.ResponseWriter, r *http.Request) {
	c := p.note(&Call{Method: "upload", Params: parseQuery("")})
	start := p.o.Now()
	if !p.limits.admit(r) {
		p.close(c, http.StatusServiceUnavailable, "QUERY_LIMIT_EXCEEDED")
		errQueryLimit().answer().write(w)
		return
	}
	p.perform(w, r, c, func() answer {
		result, err := p.receive(r)
		if err != nil {
			return asAPIError(err).answer()
		}
		return answer{status: http.StatusOK, body: object{"result": result, "time": p.timing("upload", start)}}
	})
}

func (p *Portal) receive(r *http.Request) (any, error) {
	name, content, err := formFile(r)
	if err != nil {
		return nil, errNotSaved()
	}
	if p.o.Latency != nil {
		time.Sleep(p.o.Latency("upload"))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	token := r.URL.Query().Get("token")
	u, ok := p.world.drive.uploads[token]
	if !ok {
		return nil, forbid("ACCESS_DENIED", "Access denied")
	}
	delete(p.world.drive.uploads, token)
	if u.name == "" {
		u.name = name
	}
	return p.world.drive.save(u, content, baseOf(r))
}

// formFile reads the whole form of a request and returns the first file of the field "file". http.Request.FormFile
// would copy it as often as its buffer grows.
func formFile(r *http.Request) (name string, content []byte, err error) {
	form, err := r.MultipartReader()
	if err != nil || mediaType(r) != "multipart/form-data" {
		return "", nil, http.ErrNotMultipart
	}
	buffer := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(buffer)
	for {
		part, err := form.NextPart()
		switch {
		case err == io.EOF && content != nil:
			return name, content, nil
		case err == io.EOF:
			return "", nil, http.ErrMissingFile
		case err != nil:
			return "", nil, err
		case part.FormName() != "file" || part.FileName() == "" || content != nil:
			continue
		}
		buffer.Reset()
		if _, err := buffer.ReadFrom(part); err != nil {
			return "", nil, err
		}
		name, content = part.FileName(), append([]byte{}, buffer.Bytes()...)
	}
}

// serveDownload sends the content of a file.
//
// QUIRK: nginx answers 404 to a request without a User-Agent, or without a Referer of the portal (docs, general
// principles, headers).
func (p *Portal) serveDownload(w http.ResponseWriter, r *http.Request) {
	c := p.note(&Call{Method: "download", Params: parseQuery("")})
	if strings.HasPrefix(r.URL.Path, "/rest/") && !p.limits.admit(r) {
		p.close(c, http.StatusServiceUnavailable, "QUERY_LIMIT_EXCEEDED")
		errQueryLimit().answer().write(w)
		return
	}
	f := p.faultOf(c)
	if f.transport() || f.failure() != nil {
		p.perform(w, r, c, func() answer { return answer{status: http.StatusNotFound, body: object{}} })
		return
	}
	o := p.granted(r)
	polite := r.UserAgent() != "" && strings.HasPrefix(r.Referer(), baseOf(r))
	if o == nil || !polite {
		p.close(c, http.StatusNotFound, "")
		writePage(w, http.StatusNotFound)
		return
	}
	p.close(c, http.StatusOK, "")
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(o.content)))
	_, _ = w.Write(o.content)
}

func (p *Portal) granted(r *http.Request) *driveObject {
	q := r.URL.Query()
	token := q.Get("token")
	if strings.HasSuffix(r.URL.Path, "/uf.php") {
		token = q.Get("auth[auth]")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.world.drive.objects[p.world.drive.grants[token]]
	if q.Get("once") != "" {
		delete(p.world.drive.grants, token)
	}
	return o
}
