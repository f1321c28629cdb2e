package main

import (
	"go/ast"
	"go/token"
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
func enumValues(p *pkg, name string) (values []string) {
	if !p.types[name].markers.has("enum") {
		return nil
	}
	seen := map[string]bool{}
	for _, c := range p.consts {
		if c.typeName == name && !seen[c.value] {
			seen[c.value] = true
			values = append(values, strconv.Quote(c.value))
		}
	}
	sort.Strings(values)
	return
}

// defaultOf is the value of +default as JSON; ref(Name) names a constant.
func defaultOf(p *pkg, found markers) string {
	value := found.get("default")
	if name, ok := strings.CutPrefix(value, "ref("); ok {
		name = strings.TrimSuffix(name, ")")
		for _, c := range p.consts {
			if c.name == name {
				return strconv.Quote(c.value)
			}
		}
		fail("%s: no constant for default %s", p.path, value)
	}
	return value
}

func stringOf(expr ast.Expr) (string, bool) {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		if expr.Kind == token.STRING {
			value, err := strconv.Unquote(expr.Value)
			return value, err == nil
		}
	case *ast.CallExpr: // a conversion: ResourceName("pods")
		if len(expr.Args) == 1 {
			return stringOf(expr.Args[0])
		}
	}
	return "", false
}
