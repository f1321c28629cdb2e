package main

import (
	"go/ast"
	"strings"
)

// lifecycles is the file in which upstream has worked out since when and until when its kinds are
// served; markers alone lack what follows from a version being alpha or beta.
const lifecycles = "zz_generated.prerelease-lifecycle.go"

// lifecycle are the facts of methods such as `func (in *T) APILifecycleRemoved() (int, int)`.
func lifecycle(p *pkg, name string) (facts []string) {
	for _, file := range p.files {
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || method.Recv == nil || len(method.Body.List) != 1 {
				continue
			}
			fact, ok := strings.CutPrefix(method.Name.Name, "APILifecycle")
			receiver, pointer := method.Recv.List[0].Type.(*ast.StarExpr)
			returned, returns := method.Body.List[0].(*ast.ReturnStmt)
			if ok && pointer && returns && identName(receiver.X) == name {
				facts = append(facts, strings.ToLower(fact)+"="+answer(returned.Results))
			}
		}
	}
	return
}

// answer writes `1, 25` as 1.25, and a group, version and kind with commas.
func answer(results []ast.Expr) string {
	words, separator := []string{}, "."
	if literal, ok := results[0].(*ast.CompositeLit); ok {
		separator = ","
		results = nil
		for _, element := range literal.Elts {
			results = append(results, element.(*ast.KeyValueExpr).Value)
		}
	}
	for _, result := range results {
		words = append(words, strings.Trim(result.(*ast.BasicLit).Value, `"`))
	}
	return strings.Join(words, separator)
}
