package portal

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// inUse returns the bytes of live objects.
func inUse() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// Files take as much memory as two batches hold of them, without their base64, however many there are. A large file
// takes none.
func TestMemoryDoesNotGrowWithFiles(t *testing.T) {
	const spare = 1 << 20 // for requests and connections
	for name, c := range map[string]struct {
		files []desk.File
		most  int64
	}{
		"many":  {many(200, 100<<10), 2*maxInline + spare},
		"large": {many(1, 30<<20), spare},
	} {
		var before, most int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
			most = max(most, inUse()-before)
			_, _ = io.Copy(io.Discard, r.Body)
			answerUploads(w, r, len(c.files) == 1)
		}))
		defer server.Close()
		up := client(t, &testkit.Script{Server: server}, saved(map[string]string{savedFolder: "1"}))
		before = inUse()
		p, err := up.Prepare(t.Context(), nil, c.files, func(i int) (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(zeros{}, c.files[i].Size)), nil
		})
		if err != nil || p.Objects[len(c.files)-1] != 7 {
			t.Fatal(name, p.Objects, p.Errs, err)
		}
		if most > c.most {
			t.Errorf("%s: %d kB in use, at most %d kB are expected", name, most>>10, c.most>>10)
		}
	}
}

// many returns n files of the same size.
func many(n int, size int64) []desk.File {
	files := make([]desk.File, n)
	for i := range files {
		files[i] = desk.File{Name: fmt.Sprint(i, ".bin"), Size: size}
	}
	return files
}

// answerUploads answers every command of a batch with a file, or with an address for it.
func answerUploads(w http.ResponseWriter, r *http.Request, large bool) {
	one := `{"ID":7}`
	switch {
	case strings.HasSuffix(r.URL.Path, "/upload.json"):
		fmt.Fprintf(w, `{"result":%s}`, one)
		return
	case large:
		one = fmt.Sprintf(`{"field":"file","uploadUrl":"http://%s/upload.json"}`, r.Host)
	}
	var all []string
	for i := range 50 {
		all = append(all, fmt.Sprintf(`"c%d":%s`, i, one))
	}
	fmt.Fprintf(w, `{"result":{"result":{%s},"result_error":[]}}`, strings.Join(all, ","))
}

// The portal's answer to the first batch waits until the files of the second one are being read.
func TestNextBatchIsBuiltWhileOneIsSent(t *testing.T) {
	reading := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-reading:
		case <-time.After(time.Minute / 2): // less than the client waits
			t.Error("the second batch waits for the answer to the first")
		}
		answerUploads(w, r, false)
	}))
	defer server.Close()
	files, once := many(3, maxInline/2), sync.OnceFunc(func() { close(reading) })
	patient := func(o *Options) { o.Timeout = time.Minute }
	p, err := client(t, &testkit.Script{Server: server}, saved(map[string]string{savedFolder: "1"}), patient).
		Prepare(t.Context(), nil, files, func(i int) (io.ReadCloser, error) {
			if i == 2 {
				once()
			}
			return io.NopCloser(io.LimitReader(zeros{}, files[i].Size)), nil
		})
	if err != nil || p.Objects[2] != 7 {
		t.Error(p, err)
	}
}

// Files of more than half a batch are sent by themselves, without base64, unless one batch takes all files.
func TestFilesOfMoreThanHalfABatchAreSentApart(t *testing.T) {
	const half = maxInline / 2
	for name, c := range map[string]struct {
		sizes       []int64
		inside, all int // files in batches, requests
	}{
		"one batch takes all":  {[]int64{half + 1, half - 1}, 2, 1},
		"too many for a batch": {[]int64{half + 1, half - 1, half + 1, 1}, 2, 3},
		"none of them large":   {[]int64{half, half, half}, 3, 2},
	} {
		var files []desk.File
		for i, size := range c.sizes {
			files = append(files, desk.File{Name: fmt.Sprint(i), Size: size})
		}
		p, up := live(t, sandbox.PortalOptions{}, saved(map[string]string{savedFolder: "8930"}))
		prep, err := up.Prepare(t.Context(), nil, files, func(i int) (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(zeros{}, files[i].Size)), nil
		})
		if err != nil || slices.Contains(prep.Objects, 0) {
			t.Fatal(name, prep, err)
		}
		inside := 0
		for _, call := range p.Calls() {
			if call.Params.Has("fileContent") {
				inside++
			}
		}
		if inside != c.inside || p.Hits() != c.all {
			t.Errorf("%s: %d files in batches, %d requests, want %+v", name, inside, p.Hits(), c)
		}
	}
}

// A file that could not be sent to its address, though a batch can take it, is not lost: a later batch has it.
func TestFilesSentApartFallBackToBatches(t *testing.T) {
	address := func(to string) http.HandlerFunc {
		one := `{"field":"file","uploadUrl":"` + to + `"}`
		return testkit.Answer(200, `{"result":{"result":{"c0":`+one+`,"c1":`+one+`},"result_error":[]}}`)
	}
	file := testkit.Answer(200, `{"result":{"result":{"c0":{"ID":7}},"result_error":[]}}`)
	for name, answers := range map[string][]http.HandlerFunc{
		"not safe":  {address("http://portal.example/upload.json"), file, file},
		"forbidden": {nil, testkit.Answer(403, "<html>"), testkit.Answer(403, "<html>"), file, file},
		"moved":     {nil, testkit.Answer(302, ""), testkit.Answer(302, ""), file, file},
		"no file":   {nil, testkit.Answer(200, `{"result":[]}`), testkit.Answer(200, `{"result":[]}`), file, file},
	} {
		var s *testkit.Script
		if answers[0] == nil {
			answers[0] = func(w http.ResponseWriter, r *http.Request) { address(s.URL+"/upload.json")(w, r) }
		}
		s = testkit.NewScript(t, answers...)
		files, values := many(2, maxInline/2+1), map[string]string{savedFolder: "1"}
		open := func(i int) (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(zeros{}, files[i].Size)), nil
		}
		p, err := client(t, s, saved(values)).Prepare(t.Context(), nil, files, open)
		if err != nil {
			t.Fatal(name, err)
		}
		tells(t, p.Errs[0], told{fault.Refused, fault.One})
		tells(t, p.Errs[1], told{fault.Refused, fault.One})
		p, err = client(t, s, saved(values)).Prepare(t.Context(), nil, files, open)
		if err != nil || !slices.Equal(p.Objects, []int64{7, 7}) || s.Count() != len(answers) {
			t.Error(name, p, err, s.Count())
		}
	}
}

// expired is a context that has reached its deadline when it is cancelled.
type expired struct{ context.Context }

func (e expired) Err() error {
	if e.Context.Err() != nil {
		return context.DeadlineExceeded
	}
	return nil
}

// If every pass reached its time limit in an upload to an address that does not answer, the files would never arrive.
func TestTimeLimitDuringAnUploadLeavesFilesToBatches(t *testing.T) {
	var s *testkit.Script
	address := func(w http.ResponseWriter, r *http.Request) {
		one := `{"field":"file","uploadUrl":"` + s.URL + `/upload.json"}`
		testkit.Answer(200, `{"result":{"result":{"c0":`+one+`,"c1":`+one+`},"result_error":[]}}`)(w, r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	silent := func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }
	file := testkit.Answer(200, `{"result":{"result":{"c0":{"ID":7}},"result_error":[]}}`)
	s = testkit.NewScript(t, address, silent, file, file)
	files, values := many(2, maxInline/2+1), map[string]string{savedFolder: "1"}
	open := func(i int) (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(zeros{}, files[i].Size)), nil
	}
	if _, err := client(t, s, saved(values)).Prepare(expired{ctx}, nil, files, open); err == nil {
		t.Fatal("no error at the time limit")
	}
	p, err := client(t, s, saved(values)).Prepare(t.Context(), nil, files, open)
	if err != nil || !slices.Equal(p.Objects, []int64{7, 7}) {
		t.Error(p, err)
	}
}

// A file that no batch takes, because it is larger than its Size, has no other way than its address.
func TestFileLargerThanItsSizeIsRefusedForGood(t *testing.T) {
	unsafe := testkit.Answer(200, `{"result":{"result":{"c0":{"field":"file","uploadUrl":"http://portal.example/u"}},`+
		`"result_error":[]}}`)
	open := func(int) (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(zeros{}, maxInline+1)), nil
	}
	values := map[string]string{savedFolder: "1"}
	p, err := client(t, testkit.NewScript(t, unsafe), saved(values)).Prepare(t.Context(), nil, many(1, 1), open)
	if err != nil || values[savedNoPost] != "" {
		t.Fatal(values, err)
	}
	tells(t, p.Errs[0], told{fault.Never, fault.One})
}
