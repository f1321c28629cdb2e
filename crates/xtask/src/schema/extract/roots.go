package main

import (
	"go/ast"
	"sort"
)

// roots are the kinds that packages register, by their Go types.
type roots struct {
	sources *sources
	gvks    map[string]map[string]bool
}

func newRoots(sources *sources) *roots { return &roots{sources, map[string]map[string]bool{}} }

// everyGroup stands for the kinds of meta/v1 that are registered in each group and version.
const everyGroup = "*"

func (r *roots) of(path, name string) (gvks []string) {
	for gvk := range r.gvks[path+"."+name] {
		gvks = append(gvks, gvk)
	}
	sort.Strings(gvks)
	return
}

func (r *roots) add(path, name, groupVersion string) {
	key := path + "." + name
	if r.gvks[key] == nil {
		r.gvks[key] = map[string]bool{}
	}
	r.gvks[key][groupVersion+"/"+name] = true
}

// read takes the calls of AddKnownTypes and its like in a package.
func (r *roots) read(p *pkg) {
	lists := map[string][]ast.Expr{}                          // variables that hold lists of objects
	versions := map[string]string{"groupVersion": everyGroup} // variables that hold a group and version
	for _, file := range p.files {
		for _, decl := range file.Decls {
			general, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				value, ok := spec.(*ast.ValueSpec)
				if !ok || len(value.Values) != 1 {
					continue
				}
				if literal, ok := value.Values[0].(*ast.CompositeLit); ok {
					lists[value.Names[0].Name] = literal.Elts
					if gv, ok := r.groupVersion(p, file, literal); ok {
						versions[value.Names[0].Name] = gv
					}
				}
			}
		}
	}
	for _, file := range p.files {
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch method.Sel.Name {
			case "AddKnownTypes", "AddUnversionedTypes":
				gv, ok := versions[identName(call.Args[0])]
				if !ok {
					return true
				}
				for _, arg := range call.Args[1:] {
					for _, object := range append([]ast.Expr{arg}, lists[identName(arg)]...) {
						r.object(p, file, gv, object)
					}
				}
			case "AddKnownTypeWithName":
				r.object(p, file, everyGroup, call.Args[1])
			}
			return true
		})
	}
}

// object takes `&Pod{}`.
func (r *roots) object(p *pkg, file *ast.File, gv string, expr ast.Expr) {
	pointer, ok := expr.(*ast.UnaryExpr)
	if !ok {
		return
	}
	literal, ok := pointer.X.(*ast.CompositeLit)
	if !ok {
		return
	}
	switch kind := literal.Type.(type) {
	case *ast.Ident:
		named, ok := p.types[kind.Name]
		if ok && named.spec.Assign != 0 { // an alias: the type behind it
			if selector, ok := named.spec.Type.(*ast.SelectorExpr); ok {
				r.selector(p, named.file, gv, selector)
				return
			}
		}
		r.add(p.path, kind.Name, gv)
	case *ast.SelectorExpr:
		r.selector(p, file, gv, kind)
	}
}

func (r *roots) selector(p *pkg, file *ast.File, gv string, selector *ast.SelectorExpr) {
	from, name := r.sources.resolve(p, file, selector)
	r.add(from.path, name, gv)
}

// groupVersion reads `schema.GroupVersion{Group: GroupName, Version: "v1"}`.
func (r *roots) groupVersion(p *pkg, file *ast.File, literal *ast.CompositeLit) (string, bool) {
	selector, ok := literal.Type.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "GroupVersion" {
		return "", false
	}
	group, version := "", ""
	for _, element := range literal.Elts {
		pair := element.(*ast.KeyValueExpr)
		text, _ := r.sources.text(p, file, pair.Value)
		switch identName(pair.Key) {
		case "Group":
			group = text
		case "Version":
			version = text
		}
	}
	return group + "/" + version, version != "" && version != "__internal"
}

func identName(expr ast.Expr) string {
	if ident, ok := expr.(*ast.Ident); ok {
		return ident.Name
	}
	return ""
}
