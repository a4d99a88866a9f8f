package bitrix

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/fault"
)

// Error is what the portal answered instead of a result.
type Error struct {
	Method string
	Status int    // of HTTP; 0 for a command within a batch
	Code   string // as the portal spells it
	Text   string // as the portal words it, without HTML
	Hint   string // what a person may do about it
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

// Coded says whether the error has one of the codes, in upper or lower case: the portal spells them in both.
func (e *Error) Coded(codes ...string) bool {
	for _, code := range codes {
		if strings.EqualFold(e.Code, code) {
			return true
		}
	}
	return false
}

var tags = regexp.MustCompile(`<[^<>]{0,200}>`)

// plain returns a text of the portal without HTML, in one line.
//
// QUIRK: error_description is localised, ends with <br> and may hold entities (tasks/tasks-task-add).
func plain(s string) string {
	s = html.UnescapeString(tags.ReplaceAllString(s, " "))
	s = strings.Join(strings.Fields(Clean(s)), " ")
	if r := []rune(s); len(r) > 500 {
		s = string(r[:500]) + "…"
	}
	return s
}

const prefixV3 = "BITRIX_REST_V3_EXCEPTION_"

// readError reads the members error and error_description; nil where they tell none.
//
// QUIRK: error is a string of a code, of a number ("0", "1048582") or of a sentence; in REST v3 it is an object
// (rest-v3). It may come with status 200.
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

// judge wraps e with what is known of the outcome.
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
		return fault.New(fault.Never, e) // one file, and the server takes none so large
	case e.Coded("ERROR_BATCH_LENGTH_EXCEEDED", "ERROR_BATCH_METHOD_NOT_ALLOWED") || e.Status == 413:
		return fault.New(fault.Refused, e)
	case needsPerson(e):
		return fault.Misconfigured(e)
	case e.Status >= 500 || e.Code == "" && e.Status != 0:
		return fault.Away(fault.Unsure, e)
	case e.Coded("INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER", "IDEMPOTENCYKEYREUSEDEXCEPTION"): // the last: of an earlier call that ran
		return fault.New(fault.Unsure, e)
	}
	return fault.New(fault.Never, e)
}

// setup lists the codes that no call gets past until a person changes something.
var setup = []string{
	"NO_AUTH_FOUND", "expired_token", "AUTHORIZATION_ERROR", "APPLICATION_NOT_FOUND", "INVALID_TOKEN", "PAYMENT_REQUIRED",
	"METHOD_CONFIRM_WAITING", "METHOD_CONFIRM_DENIED", "ALLOWED_ONLY_INTRANET_USER", "WRONG_AUTH_TYPE",
	"insufficient_scope", "INSUFFICIENTSCOPEEXCEPTION", "LICENCEEXCEPTION", "user_access_error", "OVERLOAD_LIMIT",
	"ERROR_METHOD_NOT_FOUND", "METHODNOTFOUNDEXCEPTION",
}

// needsPerson says whether e holds for every call until a person changes a setting.
//
// QUIRK: 403 ACCESS_DENIED means "no REST on this plan", and in methods of one object "no right to this object"; 503 means
// the rate, and with OVERLOAD_LIMIT that REST was blocked by hand (_includes/system-errors).
func needsPerson(e *Error) bool {
	switch {
	case e.Coded(setup...) || e.Status == 401:
		return true
	case e.Coded("INVALID_REQUEST"):
		return e.Status == 400 && strings.Contains(strings.ToLower(e.Text), "https")
	case e.Coded("ACCESS_DENIED", "INVALID_CREDENTIALS"):
		return e.Status == 403 && !ofObject(e.Method)
	}
	return false
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
	case needsPerson(e) && e.Coded("ACCESS_DENIED"):
		return "does the portal's plan include REST?"
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
