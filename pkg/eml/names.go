package eml

import (
	"path"
	"strconv"
	"strings"

	"helpdesk/pkg/glyph"
)

// extensions are the file extensions of types that often come without a file name.
var extensions = map[string]string{
	"message/rfc822": "eml", "text/calendar": "ics", "text/plain": "txt", "text/html": "html", "text/csv": "csv",
	"text/rfc822-headers": "txt", "message/delivery-status": "txt", "message/disposition-notification": "txt",
	"text/vcard":   "vcf",
	"text/x-vcard": "vcf", "text/xml": "xml", "application/xml": "xml", "application/pdf": "pdf",
	"application/zip":    "zip",
	"application/msword": "doc", "application/rtf": "rtf", "text/rtf": "rtf", "application/vnd.ms-excel": "xls",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       "xlsx",
	"application/pkcs7-signature":                                             "p7s",
	"application/x-pkcs7-signature":                                           "p7s", "application/pkcs7-mime": "p7m",
	"application/x-pkcs7-mime": "p7m", "application/pgp-signature": "asc", "application/ms-tnef": "dat",
	"application/json": "json",
	"image/jpeg":       "jpg", "image/jpg": "jpg", "image/pjpeg": "jpg", "image/png": "png", "image/gif": "gif",
	"image/bmp":  "bmp",
	"image/tiff": "tif", "image/svg+xml": "svg", "image/webp": "webp", "image/heic": "heic", "audio/mpeg": "mp3",
	"audio/wav":   "wav",
	"audio/x-wav": "wav", "audio/amr": "amr", "video/mp4": "mp4", "video/quicktime": "mov", "video/3gpp": "3gp",
}

// fileName returns a safe file name, with an extension if the type has one. A part without a name is named after its
// number n.
func fileName(name, mediaType string, n int) string {
	ext, known := extensions[mediaType]
	if clean := cleanName(name); clean != "" && !(isNoName(name) && strings.ContainsFunc(name, lost)) {
		if known && !hasEnding(clean) {
			clean += "." + ext
		}
		return clean
	}
	switch {
	case mediaType == "message/rfc822":
		return "message.eml"
	case hasEnding(name):
		ext = strings.TrimPrefix(path.Ext(name), ".")
	case known:
	case strings.HasPrefix(mediaType, "text/"):
		ext = "txt"
	default:
		ext = "bin"
	}
	return "part-" + strconv.Itoa(n) + "." + ext
}

// cleanName returns the last element of a path as a safe file name. Some programs send the whole path of a file.
func cleanName(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	return glyph.FileName(path.Base("/" + strings.TrimRight(name, "/ ")))
}
