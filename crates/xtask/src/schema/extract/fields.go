package main

import (
	"go/ast"
	"reflect"
	"strconv"
	"strings"
)

const (
	meta          = "k8s.io/apimachinery/pkg/apis/meta/v1."
	apiextensions = "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/"
)

// special are the named types that write themselves, and so are single values here.
var special = map[string]string{
	"k8s.io/apimachinery/pkg/api/resource.Quantity":   "quantity",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString": "int-or-string",
	"k8s.io/apimachinery/pkg/runtime.RawExtension":    "raw-extension",
	meta + "Time":                                          "time",
	meta + "MicroTime":                                     "micro-time",
	meta + "Duration":                                      "duration",
	meta + "FieldsV1":                                      "fields-v1",
	meta + "Verbs":                                         "strings",
	meta + "Timestamp":                                     "none",
	apiextensions + "v1.JSON":                              "json",
	apiextensions + "v1.JSONSchemaPropsOrBool":             "schema-or-bool",
	apiextensions + "v1.JSONSchemaPropsOrArray":            "schema-or-array",
	apiextensions + "v1.JSONSchemaPropsOrStringArray":      "schema-or-string-array",
	apiextensions + "v1beta1.JSON":                         "json",
	apiextensions + "v1beta1.JSONSchemaPropsOrBool":        "schema-or-bool",
	apiextensions + "v1beta1.JSONSchemaPropsOrArray":       "schema-or-array",
	apiextensions + "v1beta1.JSONSchemaPropsOrStringArray": "schema-or-string-array",
}

var basic = map[string]string{
	"bool": "bool", "string": "string", "int": "int64", "int16": "int32", "int32": "int32",
	"int64": "int64", "uint32": "uint32", "uint64": "uint64", "float32": "float",
	"float64": "double",
}

// shape is a field's type in the table's notation; markers are those of the named list, map or
// struct types on the way, enum the enumeration at its end.
type shape struct {
	text    string
	markers markers
	enum    string
}

func shapeOf(s *sources, home, p *pkg, file *ast.File, expr ast.Expr) shape {
	switch expr := expr.(type) {
	case *ast.StarExpr:
		inner := shapeOf(s, home, p, file, expr.X)
		inner.text = "*" + inner.text
		return inner
	case *ast.ArrayType:
		if ident, ok := expr.Elt.(*ast.Ident); ok && ident.Name == "byte" {
			return shape{text: "bytes"}
		}
		inner := shapeOf(s, home, p, file, expr.Elt)
		return shape{text: "[]" + inner.text, enum: inner.enum}
	case *ast.MapType:
		inner := shapeOf(s, home, p, file, expr.Value)
		return shape{text: "{}" + inner.text, enum: inner.enum}
	case *ast.InterfaceType:
		return shape{text: "*json"}
	}
	from, name := s.resolve(p, file, expr)
	if from == nil {
		if text, ok := basic[name]; ok {
			return shape{text: text}
		}
		if name == "any" {
			return shape{text: "*json"}
		}
		fail("%s: a type that is not understood: %s", p.path, name)
	}
	if text, ok := special[from.path+"."+name]; ok {
		return shape{text: text}
	}
	named, ok := from.types[name]
	if !ok {
		fail("%s: no type %s in %s", p.path, name, from.path)
	}
	switch kind := named.spec.Type.(type) {
	case *ast.StructType:
		return shape{text: reference(home, from, name), markers: named.markers}
	case *ast.ArrayType:
		if name == "ExtraValue" {
			return shape{text: "strings"}
		}
	case *ast.SelectorExpr:
		if _, fields := s.structOf(from, name); fields != nil && named.spec.Assign == 0 {
			return shape{text: reference(home, from, name), markers: named.markers}
		}
	case *ast.InterfaceType:
		fail("%s: an interface is not understood: %s", p.path, name)
	case *ast.Ident:
		_ = kind
	}
	inner := shapeOf(s, home, from, named.file, named.spec.Type)
	inner.markers = append(append(markers{}, named.markers...), inner.markers...)
	if len(enumValues(s, from, name)) > 0 {
		inner.enum = reference(home, from, name)
	}
	return inner
}

func reference(home, from *pkg, name string) string {
	if home == from {
		return name
	}
	return openAPIName(from.path) + "." + name
}

// fieldLines are the table's lines of a struct; not ok for a struct that is no API type.
func fieldLines(s *sources, home, p *pkg, fields *fieldList) (lines []string, ok bool) {
	ok = true
	for _, field := range fields.list {
		tag := reflect.StructTag("")
		if field.Tag != nil {
			text, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				fail("%s: %v", p.path, err)
			}
			tag = reflect.StructTag(text)
		}
		json, tagged := tag.Lookup("json")
		name, options, _ := strings.Cut(json, ",")
		if name == "-" {
			continue
		}
		if !tagged {
			if len(field.Names) > 0 && !ast.IsExported(field.Names[0].Name) {
				continue
			}
			return nil, false
		}
		lines = append(lines, fieldLine(s, home, p, fields.file, field, tag, name, options))
	}
	return
}

func fieldLine(s *sources, home, p *pkg, file *ast.File, field *ast.Field, tag reflect.StructTag, name, options string) string {
	found := readMarkers(field.Doc, field.Comment)
	shape := shapeOf(s, home, p, file, field.Type)
	number := "0"
	if parts := strings.Split(tag.Get("protobuf"), ","); len(parts) > 1 {
		number = parts[1]
	}
	inline := name == ""
	if inline {
		name = "-"
	}
	facts := []string{name, number, shape.text}
	add := func(holds bool, fact string) {
		if holds {
			facts = append(facts, fact)
		}
	}
	omitEmpty := strings.Contains(options, "omitempty")
	optional := found.has("optional") || omitEmpty
	add(inline, "inline")
	add(omitEmpty, "omitempty")
	add(strings.Contains(options, "omitzero"), "omitzero")
	add(!inline && (found.has("required") || !optional), "required")

	all := append(append(markers{}, found...), shape.markers...)
	if base := strings.TrimLeft(shape.text, "*"); strings.HasPrefix(base, "[]") || base == "bytes" {
		kind := all.get("listType")
		if kind == "map" {
			kind += ":" + strings.Join(all.all("listMapKey"), ",")
		}
		add(kind != "", "list="+kind)
	}
	if isMap := strings.HasPrefix(strings.TrimLeft(shape.text, "*"), "{}"); isMap {
		add(all.has("mapType"), "map="+all.get("mapType"))
	}
	add(found.has("structType"), "struct="+found.get("structType"))
	add(tag.Get("patchStrategy") != "", "patch="+tag.Get("patchStrategy"))
	add(tag.Get("patchMergeKey") != "", "key="+tag.Get("patchMergeKey"))
	add(shape.enum != "", "enum="+shape.enum)
	for _, gate := range found.all("featureGate") {
		add(true, "gate="+gate)
	}
	value := defaultOf(s, p, found)
	add(value != "", "default="+value)
	return strings.Join(facts, " ")
}

// typeFacts are what stands behind a type's name: its roots, its life cycle, how it merges.
func typeFacts(p *pkg, name string, roots *roots) (facts []string) {
	found := p.types[name].markers
	for _, gvk := range roots.of(p.path, name) {
		facts = append(facts, "gvk="+gvk)
	}
	if kind := found.get("structType"); kind != "" {
		facts = append(facts, "struct="+kind)
	}
	return append(facts, lifecycle(p, name)...)
}
