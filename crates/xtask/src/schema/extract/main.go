// Command extract prints the facts of Kubernetes' API types as the lines of Orlop's schema table.
// It reads struct tags and markers of Go sources and copies no prose.
//
//	extract k8s.io/api=DIR k8s.io/apimachinery=DIR ...
//
// Every package with a generated.proto is printed, and those of jsonOnly.
package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// jsonOnly are packages without protobuf whose types are served.
var jsonOnly = []string{"k8s.io/apimachinery/pkg/version"}

// skipped are packages that hold a test's types, or only types that are scalars here.
var skipped = map[string]bool{
	"k8s.io/apimachinery/pkg/apis/testapigroup/v1": true,
	"k8s.io/apimachinery/pkg/util/intstr":          true,
	"k8s.io/apimachinery/pkg/runtime":              true,
	"k8s.io/apimachinery/pkg/runtime/schema":       true,
	"k8s.io/apimachinery/pkg/api/resource":         true,
}

func main() {
	modules := map[string]string{}
	for _, arg := range os.Args[1:] {
		path, dir, found := strings.Cut(arg, "=")
		if !found {
			fail("not MODULE=DIR: %s", arg)
		}
		modules[path] = dir
	}
	sources := newSources(modules)
	paths := append([]string{}, jsonOnly...)
	for module, dir := range modules {
		protos, err := findProtos(dir)
		if err != nil {
			fail("%v", err)
		}
		for _, proto := range protos {
			path := module + strings.TrimPrefix(filepath.ToSlash(filepath.Dir(proto)), dir)
			if !skipped[path] {
				paths = append(paths, path)
			}
		}
	}
	sort.Strings(paths)

	roots := newRoots(sources)
	for _, path := range paths {
		roots.read(sources.pkg(path))
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, path := range paths {
		printPackage(out, sources, roots, sources.pkg(path))
	}
}

func findProtos(dir string) (found []string, err error) {
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Name() == "generated.proto" && !strings.Contains(path, "/vendor/") {
			found = append(found, path)
		}
		return err
	})
	return
}

func printPackage(out *bufio.Writer, sources *sources, roots *roots, pkg *pkg) {
	fmt.Fprintf(out, "package %s\n", openAPIName(pkg.path))
	names := make([]string, 0, len(pkg.types))
	for name := range pkg.types {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if values := enumValues(sources, pkg, name); len(values) > 0 {
			fmt.Fprintf(out, "enum %s %s\n", name, strings.Join(values, " "))
		}
	}
	for _, name := range names {
		if !ast.IsExported(name) || special[pkg.path+"."+name] != "" || pkg.types[name].spec.Assign != 0 {
			continue
		}
		from, fields := sources.structOf(pkg, name)
		if fields == nil {
			continue
		}
		lines, ok := fieldLines(sources, pkg, from, fields)
		if !ok {
			continue
		}
		fmt.Fprintf(out, "type %s\n", strings.Join(append([]string{name}, typeFacts(pkg, name, roots)...), " "))
		for _, line := range lines {
			fmt.Fprintf(out, " %s\n", line)
		}
	}
}

// openAPIName turns an import path into the name OpenAPI gives it: k8s.io/api/core/v1 is
// io.k8s.api.core.v1.
func openAPIName(path string) string {
	host, rest, _ := strings.Cut(path, "/")
	parts := strings.Split(host, ".")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ".") + "." + strings.ReplaceAll(rest, "/", ".")
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "extract: "+format+"\n", args...)
	os.Exit(1)
}
