package bitrix

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/lazy"
)

// Error is an error response of the portal.
type Error struct {
	Method string
	Status int    // HTTP status; 0 for a command within a batch
	Code   string // in the portal's spelling
	Text   string // the portal's text without HTML
	Hint   string // what a person may do about it
	Page   bool   // the response was an HTML page
}

func (e *Error) Error() string {
	s := e.Method + ": " + e.Code
	if e.Code == "" {
		s = fmt.Sprintf("%s: HTTP %d", e.Method, e.Status)
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Coded reports whether the error has one of the codes. Case does not matter: the portal uses both.
func (e *Error) Coded(codes ...string) bool {
	for _, code := range codes {
		if strings.EqualFold(e.Code, code) {
			return true
		}
	}
	return false
}

var tags = lazy.Regexp(`<[^<>]{0,200}>`)

// plain returns a text of the portal without HTML, as one line.
//
// QUIRK: error_description is localized, ends with <br> and may contain entities (tasks/tasks-task-add).
func plain(s string) string {
	s = html.UnescapeString(tags().ReplaceAllString(s, " "))
	s = strings.Join(strings.Fields(Clean(s)), " ")
	if r := []rune(s); len(r) > 500 {
		s = string(r[:500]) + "…"
	}
	return s
}

var pageTitle = lazy.Regexp(`(?is)<title[^>]*>(.*?)</title>`)

// page returns the error for a page that did not come from the portal. Its title and host show the origin.
func page(method string, status int, host string, answer []byte) *Error {
	e := &Error{Method: method, Status: status, Text: "the answer is no JSON of a portal"}
	start := bytes.ToLower(bytes.TrimSpace(answer[:min(len(answer), 512)]))
	if e.Page = bytes.HasPrefix(start, []byte("<")); e.Page {
		e.Text = "the answer of " + host + " is a page of HTML"
	}
	if m := pageTitle().FindSubmatch(answer[:min(len(answer), 64<<10)]); m != nil && plain(string(m[1])) != "" {
		e.Text += fmt.Sprintf(", %q", plain(string(m[1])))
	}
	return e
}

const prefixV3 = "BITRIX_REST_V3_EXCEPTION_"

// readError parses the members error and error_description. It returns nil if they contain no error.
//
// QUIRK: error is a string with a code, a number ("0", "1048582") or a sentence; in REST v3 it is an object (rest-v3).
// It may come with status 200.
func readError(raw json.RawMessage, description string) *Error {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return nil
	}
	if raw[0] != '{' {
		var code Text
		_ = json.Unmarshal(raw, &code)
		return &Error{Code: string(code), Text: plain(description)}
	}
	var v3 struct {
		Code        Text   `json:"code"`
		Message     string `json:"message"`
		Error       Text   `json:"error"`
		Description string `json:"error_description"`
		Validation  []struct {
			Field   string `json:"field"`
			Message string `json:"message"`
		} `json:"validation"`
	}
	if err := json.Unmarshal(raw, &v3); err != nil && v3.Code == "" && v3.Error == "" {
		return &Error{Code: "unreadable", Text: plain(string(raw))}
	}
	if v3.Error != "" || v3.Code == "" { // a command of a batch
		return &Error{Code: string(v3.Error), Text: plain(v3.Description)}
	}
	text := v3.Message
	for _, v := range v3.Validation {
		text += "; " + v.Field + ": " + v.Message
	}
	return &Error{Code: strings.TrimPrefix(string(v3.Code), prefixV3), Text: plain(text)}
}

// namedTries is the number of attempts after an error that names a field or a right; then a person is asked.
const namedTries = 3

// judge wraps e in a fault.Error with the outcome of the call.
func (c *Client) judge(e *Error) error {
	e.Text, e.Hint = c.mask(e.Text), hint(e)
	switch {
	case e.Coded("QUERY_LIMIT_EXCEEDED", "RATELIMITEXCEPTION"):
		return &fault.Error{Outcome: fault.Refused, Extent: fault.Server, After: 5 * time.Second, Err: e}
	case e.Coded("OPERATION_TIME_LIMIT") || e.Status == 429:
		c.exhaust(e.Method)
		return &fault.Error{Outcome: fault.Refused, Extent: fault.Server, After: c.untilReset(e.Method), Err: e}
	case e.Coded("PORTAL_DELETED"):
		return fault.Away(fault.Refused, e)
	case e.Status == 413 && e.Method == "upload":
		return fault.New(fault.Never, e) // a single file that is too large for the server
	case e.Coded("ERROR_BATCH_LENGTH_EXCEEDED", "ERROR_BATCH_METHOD_NOT_ALLOWED") || e.Status == 413:
		return fault.New(fault.Refused, e)
	case e.filtered():
		return &fault.Error{Outcome: fault.Never, Tries: namedTries, Err: e}
	case needsPerson(e):
		return fault.Because(e.cause(), fault.Misconfigured(e))
	case e.Status >= 500 || e.Code == "" && e.Status != 0:
		return fault.Away(fault.Unsure, e)
	case c.vague(e) && e.Method == "batch":
		return fault.Away(fault.Unsure, e)
	case c.vague(e):
		return fault.Vague(e)
	case e.Coded("IDEMPOTENCYKEYREUSEDEXCEPTION"): // an earlier call with this key ran
		return fault.New(fault.Unsure, e)
	}
	return &fault.Error{Outcome: fault.Never, Tries: namedTries, Err: e}
}

// filtered reports whether a filter in front of the portal refused the request, so that it did not run.
//
// QUIRK: the proactive filter of a self-hosted portal, and firewalls in front of it, answer 403 with a page to a text
// that looks like an attack (security, CSecurityFilter; rest_provider methodsBatch passes it every parameter).
func (e *Error) filtered() bool { return e.Page && e.Status == http.StatusForbidden }

// named matches field names, which are the same in every language.
var named = lazy.Regexp(`#(?:8|256|512)\b|\bUF_\w|\b[A-Z]{3,}_[A-Z_]+\b`)

// vague reports whether the error names nothing that a person could correct: the portal itself failed.
//
// QUIRK: ERROR_CORE is the code of every failure in a task, from a missing title to a failing database; only a
// localized text tells them apart (tasks/tasks-task-add).
func (c *Client) vague(e *Error) bool {
	switch {
	case e.Coded("INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"):
		return true
	case e.Coded("ERROR_CORE", ""):
		return !named().MatchString(e.Text) && !c.named(e.Text)
	}
	return false
}

// setup are the error codes after which every call fails until a person changes something.
var setup = []string{
	"NO_AUTH_FOUND", "expired_token", "AUTHORIZATION_ERROR", "APPLICATION_NOT_FOUND", "INVALID_TOKEN",
	"PAYMENT_REQUIRED",
	"METHOD_CONFIRM_WAITING", "METHOD_CONFIRM_DENIED", "ALLOWED_ONLY_INTRANET_USER", "WRONG_AUTH_TYPE",
	"insufficient_scope", "INSUFFICIENTSCOPEEXCEPTION", "LICENCEEXCEPTION", "user_access_error",
	"MARKETSUBSCRIPTIONREQUIREDEXCEPTION", "RESTUNAVAILABLEEXCEPTION", "OVERLOAD_LIMIT",
	"ERROR_METHOD_NOT_FOUND", "METHODNOTFOUNDEXCEPTION",
}

// needsPerson reports whether every call will fail with e until a person changes a setting.
//
// QUIRK: 403 ACCESS_DENIED means "no REST on this plan" or "without the subscription", and in methods of one object "no
// right to this object". 503 means the rate limit, and with OVERLOAD_LIMIT that REST was blocked by hand
// (_includes/system-errors).
func needsPerson(e *Error) bool {
	switch {
	case e.Coded(setup...) || e.Status == http.StatusUnauthorized || e.Status == http.StatusPaymentRequired:
		return true
	case e.Coded("INVALID_REQUEST"):
		return e.Status == 400 && strings.Contains(strings.ToLower(e.Text), "https")
	case e.Coded("ACCESS_DENIED", "INVALID_CREDENTIALS"):
		return e.Status == 403 && !ofObject(e.Method)
	}
	return false
}

// cause distinguishes a plan without REST from a wrong webhook.
func (e *Error) cause() fault.Cause {
	if e.Status == http.StatusPaymentRequired || e.Coded("PAYMENT_REQUIRED", "MARKETSUBSCRIPTIONREQUIREDEXCEPTION",
		"RESTUNAVAILABLEEXCEPTION", "LICENCEEXCEPTION", "ACCESS_DENIED") {
		return fault.Plan
	}
	return fault.Rights
}

func ofObject(method string) bool {
	for _, prefix := range []string{"im.", "disk.", "crm.", "task.commentitem.", "tasks.task.get", "tasks.task.renew"} {
		if strings.HasPrefix(method, prefix) {
			return true
		}
	}
	return false
}

func hint(e *Error) string {
	switch {
	case e.Coded("insufficient_scope", "INSUFFICIENTSCOPEEXCEPTION"):
		return "give the webhook the scope " + scopeOf(e)
	case e.Coded("NO_AUTH_FOUND", "expired_token") || e.Status == 401:
		return "the webhook is wrong, expired or deleted"
	case e.Coded("OVERLOAD_LIMIT"):
		return "REST is blocked by Bitrix24's support"
	case e.Status == http.StatusPaymentRequired ||
		e.Coded("MARKETSUBSCRIPTIONREQUIREDEXCEPTION", "RESTUNAVAILABLEEXCEPTION", "PAYMENT_REQUIRED"),
		needsPerson(e) && e.Coded("ACCESS_DENIED"):
		return "REST needs a paid plan and, in the cloud, the subscription to Bitrix24 Market: renew it; nothing is " +
			"lost meanwhile"
	case e.filtered():
		return "a filter before the portal refuses this text: except /rest/ from the proactive filter"
	case strings.HasPrefix(e.Method, "task.commentitem.") && strings.Contains(e.Text, "#8;"),
		strings.HasPrefix(e.Method, "task.commentitem.") && strings.Contains(e.Text, "_#8"):
		return "the task is gone, or the webhook's user has no part in it"
	}
	return ""
}

func scopeOf(e *Error) string {
	area, _, _ := strings.Cut(e.Method, ".")
	switch {
	case e.Coded("INSUFFICIENTSCOPEEXCEPTION"):
		return "tasks"
	case area == "tasks" || area == "task":
		return "task"
	case area == "user":
		return "user_basic"
	}
	return area
}
