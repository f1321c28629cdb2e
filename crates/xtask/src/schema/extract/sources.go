package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sources parses packages of the given modules when they are first asked for.
type sources struct {
	modules map[string]string
	pkgs    map[string]*pkg
}

// pkg is a parsed package: its files, and its types and constants by name.
type pkg struct {
	path   string
	files  []*ast.File
	types  map[string]namedType
	consts []constant
}

type namedType struct {
	spec    *ast.TypeSpec
	file    *ast.File
	markers markers
}

// constant is a constant with its value as it stands; typeName is empty for an untyped one.
type constant struct {
	name, typeName string
	file           *ast.File
	value          ast.Expr
}

func newSources(modules map[string]string) *sources {
	return &sources{modules, map[string]*pkg{}}
}

func (s *sources) pkg(path string) *pkg {
	if p, ok := s.pkgs[path]; ok {
		return p
	}
	p := &pkg{path: path, types: map[string]namedType{}}
	s.pkgs[path] = p
	for module, dir := range s.modules {
		if path == module || strings.HasPrefix(path, module+"/") {
			p.parse(filepath.Join(dir, strings.TrimPrefix(path, module)))
		}
	}
	return p
}

func (p *pkg) parse(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		fail("%v", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			name == "generated.pb.go" || strings.HasPrefix(name, "zz_generated") && name != lifecycles {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			fail("%v", err)
		}
		p.files = append(p.files, file)
		for _, decl := range file.Decls {
			if general, ok := decl.(*ast.GenDecl); ok {
				p.declare(file, general)
			}
		}
	}
}

func (p *pkg) declare(file *ast.File, decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			found := readMarkers(decl.Doc, spec.Doc)
			// Markers may stand in a comment of their own, right above the documentation.
			if decl.Doc != nil {
				for _, group := range file.Comments {
					if group.End() < decl.Doc.Pos() && decl.Doc.Pos()-group.End() <= 2 {
						found = append(readMarkers(group), found...)
					}
				}
			}
			p.types[spec.Name.Name] = namedType{spec, file, found}
		case *ast.ValueSpec:
			for i, name := range spec.Names {
				if i >= len(spec.Values) {
					continue
				}
				typeName := identName(spec.Type)
				if call, ok := spec.Values[i].(*ast.CallExpr); ok && typeName == "" {
					typeName = identName(call.Fun) // a conversion: AddressType("FQDN")
				}
				p.consts = append(p.consts, constant{name.Name, typeName, file, spec.Values[i]})
			}
		}
	}
}

// structOf finds the fields of a struct, through names of other structs, and the package in which
// the fields' own type names are meant.
func (s *sources) structOf(p *pkg, name string) (*pkg, *fieldList) {
	named, ok := p.types[name]
	if !ok {
		return nil, nil
	}
	switch kind := named.spec.Type.(type) {
	case *ast.StructType:
		return p, &fieldList{named.file, kind.Fields.List}
	case *ast.Ident, *ast.SelectorExpr:
		from, inner := s.resolve(p, named.file, kind)
		if from != nil {
			return s.structOf(from, inner)
		}
	}
	return nil, nil
}

// text is the value of an expression that is a constant string: a literal, a conversion, or the
// name of another constant.
func (s *sources) text(p *pkg, file *ast.File, expr ast.Expr) (string, bool) {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		if expr.Kind == token.STRING {
			value, err := strconv.Unquote(expr.Value)
			return value, err == nil
		}
	case *ast.CallExpr:
		if len(expr.Args) == 1 {
			return s.text(p, file, expr.Args[0])
		}
	case *ast.Ident, *ast.SelectorExpr:
		from, name := s.resolve(p, file, expr)
		if from == nil {
			from = p
		}
		for _, c := range from.consts {
			if c.name == name {
				return s.text(from, c.file, c.value)
			}
		}
	}
	return "", false
}

type fieldList struct {
	file *ast.File
	list []*ast.Field
}

// resolve turns a type name, as it stands in a file, into its package and its name there; the
// package is nil for a type of the language or of a module that is not ours.
func (s *sources) resolve(p *pkg, file *ast.File, expr ast.Expr) (*pkg, string) {
	switch expr := expr.(type) {
	case *ast.Ident:
		if _, ok := p.types[expr.Name]; ok {
			return p, expr.Name
		}
		return nil, expr.Name
	case *ast.SelectorExpr:
		alias := expr.X.(*ast.Ident).Name
		for _, spec := range file.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			name := path[strings.LastIndex(path, "/")+1:]
			if spec.Name != nil {
				name = spec.Name.Name
			}
			if name == alias {
				return s.pkg(path), expr.Sel.Name
			}
		}
	}
	return nil, ""
}
