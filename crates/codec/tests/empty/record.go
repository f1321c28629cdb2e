// Prints every built-in object as upstream prints it when nothing in it is set: its group,
// version and kind, its JSON, and its protobuf in hexadecimal, separated by tabs.
//
//	cd crates/xtask/upstream
//	go run ../../codec/tests/empty/record.go > ../../codec/tests/empty/objects.tsv
package main

import (
	"encoding/json"
	"fmt"
	"sort"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type message interface {
	Marshal() ([]byte, error)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	all := scheme.Scheme
	must(apiextensionsv1.AddToScheme(all))
	must(apiextensionsv1beta1.AddToScheme(all))
	must(apiregistrationv1.AddToScheme(all))
	var kinds []schema.GroupVersionKind
	for kind := range all.AllKnownTypes() {
		// A WatchEvent does not say what it is, which makes it the one exception.
		if kind.Version != "__internal" && kind.Kind != "WatchEvent" {
			kinds = append(kinds, kind)
		}
	}
	sort.Slice(kinds, func(i, j int) bool { return kinds[i].String() < kinds[j].String() })
	for _, kind := range kinds {
		object, err := all.New(kind)
		must(err)
		proto, ok := object.(message)
		if !ok {
			continue
		}
		object.GetObjectKind().SetGroupVersionKind(kind)
		text, err := json.Marshal(object)
		must(err)
		bytes, err := proto.Marshal()
		must(err)
		fmt.Printf("%s/%s/%s\t%s\t%x\n", kind.Group, kind.Version, kind.Kind, text, bytes)
	}
}
