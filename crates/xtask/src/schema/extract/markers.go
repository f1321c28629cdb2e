package main

import (
	"go/ast"
	"sort"
	"strconv"
	"strings"
)

// marker is a comment line such as `+listType=map`.
type marker struct{ name, value string }

type markers []marker

func readMarkers(groups ...*ast.CommentGroup) (found markers) {
	for _, group := range groups {
		if group == nil {
			continue
		}
		for _, comment := range group.List {
			line := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//"))
			if strings.HasPrefix(line, "+") {
				name, value, _ := strings.Cut(line[1:], "=")
				found = append(found, marker{strings.TrimSpace(name), strings.TrimSpace(value)})
			}
		}
	}
	return
}

func (m markers) all(name string) (values []string) {
	for _, marker := range m {
		if marker.name == name {
			values = append(values, marker.value)
		}
	}
	return
}

func (m markers) get(name string) string {
	if values := m.all(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (m markers) has(name string) bool { return len(m.all(name)) > 0 }

// enumValues are the constants of a type that is marked as an enumeration, as OpenAPI lists them.
func enumValues(s *sources, p *pkg, name string) (values []string) {
	if named := p.types[name]; !named.markers.has("enum") || named.spec.Assign != 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, c := range p.consts {
		if c.typeName != name {
			continue
		}
		value, ok := s.text(p, c.file, c.value)
		if !ok {
			fail("%s: the value of %s is not understood", p.path, c.name)
		}
		if !seen[value] {
			seen[value] = true
			values = append(values, strconv.Quote(value))
		}
	}
	sort.Strings(values)
	return
}

// defaultOf is the value of +default as JSON; ref(Name) names a constant.
func defaultOf(s *sources, p *pkg, found markers) string {
	value := found.get("default")
	if name, ok := strings.CutPrefix(value, "ref("); ok {
		name = strings.TrimSuffix(name, ")")
		for _, c := range p.consts {
			if text, ok := s.text(p, c.file, c.value); ok && c.name == name {
				return strconv.Quote(text)
			}
		}
		fail("%s: no constant for default %s", p.path, value)
	}
	return value
}
