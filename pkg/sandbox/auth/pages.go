package auth

import (
	"html/template"
	"net/http"
	"strings"
	"sync"
)

// pages are the HTML pages for a person who tries a sign-in by hand.
var pages = sync.OnceValue(func() *template.Template { return template.Must(template.New("").Parse(pagesHTML)) })

const pagesHTML = `<!DOCTYPE html><meta charset="utf-8"><title>Sign in</title>
{{define "consent"}}{{template ""}}<form method="post"><p>{{.Application}} wants to read and send the mail of
<input name="account" value="{{.Account}}"></p>
<button name="do" value="allow">Allow</button> <button name="do" value="refuse">Refuse</button></form>{{end}}
{{define "code"}}{{template ""}}<form method="post"><p>Account <input name="account" value="{{.Account}}"></p>
<p>Code <input name="code"></p>
<button name="do" value="allow">Allow</button> <button name="do" value="refuse">Refuse</button></form>{{end}}
{{define "home"}}{{template ""}}<p>Codes that wait: {{range .Codes}}{{.}} {{end}}</p>
{{range $grant, $n := .Asked}}<p>{{$n}} token requests: {{$grant}}</p>
{{end}}<form method="post"><p>Account <input name="account" value="{{.Account}}">
<button name="do" value="revoke">End its sign-ins</button></p>
<p><button name="do" value="away">Answer nobody</button> <button name="do" value="back">Answer again</button></p></form>
<p><a href="secrets">Tokens and codes that were given</a></p>{{end}}
{{define "said"}}{{template ""}}<p>{{.}}</p>{{end}}`

// page handles the pages for a browser and reports whether the path is one of them. "/" controls the server,
// "/authorize" and "/code" are the sign-in, and "/secrets" lists all secrets, one a line.
func (s *Server) page(w http.ResponseWriter, r *http.Request) bool {
	show := func(name string, data any) { _ = pages().ExecuteTemplate(w, name, data) }
	posted := r.Method == http.MethodPost
	account, allow := r.FormValue("account"), r.FormValue("do") == "allow"
	switch r.URL.Path {
	case "/":
		if posted {
			s.steer(r.FormValue("do"), account)
		}
		show("home", map[string]any{"Account": s.o.Account, "Codes": s.Codes(), "Asked": s.Asked()})
	case "/authorize":
		if !posted {
			show("consent", map[string]any{"Account": s.o.Account, "Application": s.o.ID})
			break
		}
		back, err := s.Browse(r.URL.String(), account, allow)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			show("said", err)
			break
		}
		http.Redirect(w, r, back, http.StatusSeeOther)
	case "/code":
		if !posted {
			show("code", map[string]any{"Account": s.o.Account})
		} else if s.Type(strings.TrimSpace(r.FormValue("code")), account, allow) {
			show("said", "Thank you. You can close this page.")
		} else {
			w.WriteHeader(http.StatusNotFound)
			show("said", "There is no such code.")
		}
	case "/secrets":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(strings.Join(s.Secrets(), "\n") + "\n"))
	default:
		return false
	}
	return true
}

// steer performs the action of a button on the first page.
func (s *Server) steer(what, account string) {
	switch what {
	case "revoke":
		s.Revoke(account)
	case "away":
		s.Inject(func(*http.Request) (int, string) { return http.StatusServiceUnavailable, "busy" })
	case "back":
		s.Inject(nil)
	}
}
