package eml

import (
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const maxName = 200 // bytes

// reserved are the names Windows gives to devices, with whatever extension.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true, "clock$": true}

// extensions name the types that come without a file name.
var extensions = map[string]string{
	"message/rfc822": "eml", "text/calendar": "ics", "text/plain": "txt", "text/html": "html", "text/csv": "csv",
	"text/rfc822-headers": "txt", "message/delivery-status": "txt", "message/disposition-notification": "txt", "text/vcard": "vcf",
	"text/x-vcard": "vcf", "text/xml": "xml", "application/xml": "xml", "application/pdf": "pdf", "application/zip": "zip",
	"application/msword": "doc", "application/rtf": "rtf", "text/rtf": "rtf", "application/vnd.ms-excel": "xls",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       "xlsx",
	"application/pkcs7-signature":                                             "p7s", "application/x-pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m",
	"application/x-pkcs7-mime": "p7m", "application/pgp-signature": "asc", "application/ms-tnef": "dat", "application/json": "json",
	"image/jpeg": "jpg", "image/jpg": "jpg", "image/pjpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/bmp": "bmp",
	"image/tiff": "tif", "image/svg+xml": "svg", "image/webp": "webp", "image/heic": "heic", "audio/mpeg": "mp3", "audio/wav": "wav",
	"audio/x-wav": "wav", "audio/amr": "amr", "video/mp4": "mp4", "video/quicktime": "mov", "video/3gpp": "3gp",
}

// fileName returns a name that is safe to save under; n is the number of the part, for those without one.
func fileName(name, mediaType string, n int) string {
	if name = cleanName(name); name != "" {
		return name
	}
	if mediaType == "message/rfc822" {
		return "message.eml"
	}
	ext, ok := extensions[mediaType]
	if !ok {
		ext = "bin"
		if strings.HasPrefix(mediaType, "text/") {
			ext = "txt"
		}
	}
	return "part-" + strconv.Itoa(n) + "." + ext
}

func cleanName(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, "_"))
	name = strings.ReplaceAll(name, `\`, "/")
	name = path.Base("/" + strings.TrimRight(name, "/ "))
	name = strings.Map(func(r rune) rune {
		switch {
		case isInvisible(r), unicode.Is(unicode.Cf, r) && r != 0x200d, r == 0xfffe, r == 0xffff:
			return -1
		case unicode.IsSpace(r):
			return ' '
		case r < 0x20, r == 0x7f, strings.ContainsRune(`/<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	// Windows drops blanks and dots at the end, so that two names could become one.
	name = strings.TrimRight(strings.TrimLeft(name, " "), " .")
	if strings.Trim(name, "._ ") == "" {
		return ""
	}
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	if stem = strings.TrimSpace(stem); reserved[stem] || len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && stem[3] >= '0' && stem[3] <= '9' {
		name = "_" + name
	}
	return shorten(name)
}

// shorten cuts a name to maxName bytes and keeps its extension.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	cut := maxName - len(ext)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return strings.TrimRight(name[:cut], " .") + ext
}
