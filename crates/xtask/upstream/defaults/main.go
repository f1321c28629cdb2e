// Command defaults answers each object on a line of its input with two on a line of its output,
// separated by a tab: as upstream's Go types write it back, and so after upstream's defaulting.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	aggregation "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/controlplane"
)

const lineBytesMax = 64 << 20

func main() {
	scheme := legacyscheme.Scheme
	apiextensions.Install(scheme)
	aggregation.Install(scheme)

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, lineBytesMax)
	for lines.Scan() {
		var kind metav1.TypeMeta
		if err := json.Unmarshal(lines.Bytes(), &kind); err != nil {
			log.Fatal(err)
		}
		object, err := scheme.New(kind.GroupVersionKind())
		if err != nil {
			log.Fatal(err)
		}
		if err := json.Unmarshal(lines.Bytes(), object); err != nil {
			log.Fatalf("%s: %v", kind.GroupVersionKind(), err)
		}
		fmt.Printf("%s\t", write(object))
		scheme.Default(object)
		fmt.Printf("%s\n", write(object))
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}

func write(object any) []byte {
	text, err := json.Marshal(object)
	if err != nil {
		log.Fatal(err)
	}
	return text
}
