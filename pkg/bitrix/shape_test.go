package bitrix

import (
	"strings"
	"testing"
)

func TestShaper(t *testing.T) {
	var s Shaper
	for raw, want := range map[string]string{
		`{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Ivan Petrov<br>"}`: `{"error":"QUERY_LIMIT_EXCEEDED","error_description":"text:15#1"}`,
		`{"result":{"id":"3711","n":5,"ok":true,"none":null,"list":[]}}`:         `{"result":{"id":"digits:4#1","n":5,"ok":true,"none":null,"list":[]}}`,
		`["a@b.example","a@b.example","c@b.example",""]`:                         `["mail:11#1","mail:11#1","mail:11#2",""]`,
		`{"ivan@b.example":1}`:                                                     `{"mail:14#1":1}`,
		`{"error":"Ivan asks why","code":"Petrov"}`:                                `{"error":"text:13#1","code":"word:6#2"}`,
		`{"cmd":{"t":"tasks.task.add?fields%5BTITLE%5D=Hello%20you&taskId=3711"}}`: `{"cmd":{"t":"tasks.task.add?fields[TITLE]=text:9#1&taskId=digits:4#2"}}`,
		`{"d":"2026-08-20T16:45:22+03:00","y":"Y"}`:                                `{"d":"date:25#1","y":"Y:1#2"}`,
		`<html><title>Ivan</title></html>`:                                         `{"no JSON": "html:32"}`,
		`{"a":`:                                                                    `{"no JSON": "bytes:5"}`,
	} {
		s = Shaper{}
		got := strings.TrimSpace(string(s.JSON([]byte(raw))))
		if got != want {
			t.Errorf("%s:\n%s, want\n%s", raw, got, want)
		}
	}
}
