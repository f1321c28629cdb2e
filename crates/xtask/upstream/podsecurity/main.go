// Command podsecurity says of each pod on a line of its input what upstream's Pod Security Standards
// have against it: a line with level, version and findings for each version that judges it otherwise
// than the one before, and an empty line after the last.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

const (
	lineBytesMax = 64 << 20
	newestMinor  = 36
)

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, lineBytesMax)
	for lines.Scan() {
		var pod corev1.Pod
		if err := json.Unmarshal(lines.Bytes(), &pod); err != nil {
			log.Fatalf("%s: %v", lines.Text(), err)
		}
		for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
			last := "none yet"
			for minor := 0; minor <= newestMinor; minor++ {
				version := api.MajorMinorVersion(1, minor)
				standard := api.LevelVersion{Level: level, Version: version}
				results := evaluator.EvaluatePod(standard, &pod.ObjectMeta, &pod.Spec)
				result := policy.AggregateCheckResults(results)
				if detail := result.ForbiddenDetail(); detail != last {
					fmt.Printf("%s %s %s\n", level, version.String(), detail)
					last = detail
				}
			}
		}
		fmt.Println()
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
