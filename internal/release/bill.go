package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// bill writes the software bill of materials of a binary in CycloneDX format (https://cyclonedx.org/docs/1.5/json/). It
// lists the modules that the Go linker recorded in the binary.
func (s staging) bill(t target, binary string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	type object map[string]any
	components := []object{{
		"type":    "library",
		"name":    "std",
		"version": info.GoVersion,
		"purl":    "pkg:golang/std@" + info.GoVersion,
	}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		purl := fmt.Sprintf("pkg:golang/%s@%s", m.Path, m.Version)
		components = append(components, object{
			"type":    "library",
			"bom-ref": purl,
			"name":    m.Path,
			"version": m.Version,
			"purl":    purl,
		})
	}
	doc := object{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata": object{"timestamp": s.stamp(),
			"component": object{"type": "application", "name": "helpdesk", "version": s.version,
				"licenses": []object{{"license": object{"id": "MIT"}}}, "hashes": []object{{
					"alg":     "SHA-256",
					"content": fmt.Sprintf("%x", sha256.Sum256(raw)),
				}}}},
		"components": components,
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.out, s.name(t)+".cdx.json"), append(text, '\n'), 0o644)
}
