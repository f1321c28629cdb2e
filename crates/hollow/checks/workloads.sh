#!/bin/bash
# Runs our controllers and our scheduler against an API server on loopback, with two hollow nodes,
# and plays workloads through them: deployment, scaling, rollout, undo, service, daemon set,
# stateful set, jobs, deletion in each manner, a namespace.
#
#   crates/hollow/checks/workloads.sh [KUBE_APISERVER]
#
# Needs etcd, openssl and python3; takes kubectl and kube-apiserver from $UPSTREAM (else
# ~/.cache/orlop/upstream/v1.36.3), ours from target/debug. Leaves nothing behind but a folder's
# name when it fails.
set -euo pipefail
cd "$(dirname "$0")/../../.."
UPSTREAM=${UPSTREAM:-$HOME/.cache/orlop/upstream/v1.36.3}
SERVER=${1:-$UPSTREAM/kube-apiserver}
BUILT=$PWD/target/debug
D=$(mktemp -d)
PIDS=()
finish() {
  code=$?
  # Ours are asked; the server and its store are not: without each other they wait for long.
  for pid in "${PIDS[@]:2}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  for pid in "${PIDS[@]:0:2}"; do kill -9 "$pid" 2>/dev/null || true; done
  if [ $code = 0 ]; then rm -rf "$D"; else echo "failed; logs in $D" >&2; fi
}
trap finish EXIT
port() { python3 -c 'import socket;s=socket.socket();s.bind(("127.0.0.1",0));print(s.getsockname()[1])'; }
start() { local log=$D/$1.log; shift; "$@" >"$log" 2>&1 & PIDS+=($!); }
pair() {
  openssl req -newkey rsa:2048 -nodes -keyout "$D/$1-key.pem" -out "$D/$1.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$D/$1.csr" -CA "$D/ca.pem" -CAkey "$D/ca-key.pem" -CAcreateserial \
    -out "$D/$1.pem" -days 2 -extfile <(echo subjectAltName=IP:127.0.0.1) 2>/dev/null
}
config() {
  cat >"$D/$1.kubeconfig" <<Y
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:$API", certificate-authority: $D/ca.pem}}]
users: [{name: u, user: {client-certificate: $D/$1.pem, client-key: $D/$1-key.pem}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
Y
}
k() { "$UPSTREAM/kubectl" --kubeconfig "$D/admin.kubeconfig" "$@"; }
gone() { # waits until the listing of $@ is empty
  for _ in $(seq 60); do [ -z "$(k get "$@" -o name 2>/dev/null)" ] && return 0; sleep 0.5; done
  echo "still there: $*" >&2; k get "$@" >&2; return 1
}
say() { echo "== $*"; }

ETCD=$(port) PEER=$(port) API=$(port)
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$D/ca-key.pem" -out "$D/ca.pem" -subj /CN=ca -days 2 2>/dev/null
openssl genrsa -out "$D/sa.key" 2048 2>/dev/null
pair api /CN=kube-apiserver
pair admin /O=system:masters/CN=admin
pair manager /CN=system:kube-controller-manager
pair scheduler /CN=system:kube-scheduler
for user in admin manager scheduler; do config $user; done
start etcd etcd --data-dir "$D/etcd" --listen-client-urls "http://127.0.0.1:$ETCD" \
  --advertise-client-urls "http://127.0.0.1:$ETCD" --listen-peer-urls "http://127.0.0.1:$PEER" \
  --initial-advertise-peer-urls "http://127.0.0.1:$PEER" --initial-cluster "default=http://127.0.0.1:$PEER"
start api "$SERVER" --etcd-servers="http://127.0.0.1:$ETCD" --secure-port="$API" --bind-address=127.0.0.1 \
  --tls-cert-file="$D/api.pem" --tls-private-key-file="$D/api-key.pem" --client-ca-file="$D/ca.pem" \
  --authorization-mode=Node,RBAC --service-account-key-file="$D/sa.key" \
  --service-account-signing-key-file="$D/sa.key" --service-account-issuer=https://kubernetes.default.svc \
  --service-cluster-ip-range=10.32.0.0/24
for _ in $(seq 120); do k get --raw /readyz >/dev/null 2>&1 && break; sleep 0.5; done
start manager "$BUILT/kube-controller-manager" --secure-port=0 --kubeconfig="$D/manager.kubeconfig" \
  --use-service-account-credentials --root-ca-file="$D/ca.pem" --service-account-private-key-file="$D/sa.key" \
  --cluster-signing-cert-file="$D/ca.pem" --cluster-signing-key-file="$D/ca-key.pem" \
  --allocate-node-cidrs --cluster-cidr=10.200.0.0/16 --service-cluster-ip-range=10.32.0.0/24
start scheduler "$BUILT/kube-scheduler" --secure-port=0 --kubeconfig="$D/scheduler.kubeconfig"
start nodes "$BUILT/hollow-node" "$D/admin.kubeconfig" n1 n2

say nodes and accounts
for _ in $(seq 60); do
  [ "$(k get nodes -o jsonpath='{.items[?(@.spec.podCIDR)].spec.taints}' | wc -c)" = 0 ] &&
    [ "$(k get nodes -o name | wc -l)" = 2 ] && k get serviceaccount default >/dev/null 2>&1 &&
    k get configmap kube-root-ca.crt >/dev/null 2>&1 && break
  sleep 0.5
done
say deployment
k create deployment web --image=nginx --replicas=3
k rollout status deployment/web --timeout=60s
k scale deployment/web --replicas=5
k rollout status deployment/web --timeout=60s
k set image deployment/web nginx=nginx:2
k rollout status deployment/web --timeout=60s
k rollout undo deployment/web
k rollout status deployment/web --timeout=60s
[ "$(k get deployment web -o jsonpath='{.metadata.annotations.deployment\.kubernetes\.io/revision}')" = 3 ]
say service
k expose deployment web --port=80
for _ in $(seq 60); do
  [ "$(k get endpointslice -l kubernetes.io/service-name=web -o jsonpath='{.items[*].endpoints[*].addresses[0]}' | wc -w)" = 5 ] && break
  sleep 0.5
done
[ "$(k get endpoints web -o jsonpath='{.subsets[0].addresses[*].ip}' 2>/dev/null | wc -w)" = 5 ]
k delete service web
gone endpointslice -l kubernetes.io/service-name=web
say deletion in each manner
k delete deployment web
gone pods,replicasets
k create deployment front --image=nginx --replicas=2
k rollout status deployment/front --timeout=60s
k delete deployment front --cascade=foreground --timeout=60s
[ -z "$(k get pods,replicasets -o name)" ]
k create deployment orphan --image=nginx --replicas=2
k rollout status deployment/orphan --timeout=60s
k delete deployment orphan --cascade=orphan --timeout=60s
[ "$(k get replicasets -o jsonpath='{.items[*].metadata.ownerReferences}' | wc -c)" = 0 ]
k delete replicasets --all
gone pods
say daemon set, stateful set, jobs
k apply -f - <<'Y'
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: d}
spec:
  selector: {matchLabels: {app: d}}
  template: {metadata: {labels: {app: d}}, spec: {containers: [{name: c, image: a}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 3
  serviceName: db
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: a}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: good}
spec:
  completions: 4
  parallelism: 2
  completionMode: Indexed
  template:
    metadata: {annotations: {hollow.orlop.dev/phase: Succeeded}}
    spec: {restartPolicy: Never, containers: [{name: c, image: a}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: bad}
spec:
  backoffLimit: 0
  template:
    metadata: {annotations: {hollow.orlop.dev/phase: Failed}}
    spec: {restartPolicy: Never, containers: [{name: c, image: a}]}
Y
k rollout status daemonset/d --timeout=60s
k set image daemonset/d c=b
k rollout status daemonset/d --timeout=60s
k rollout undo daemonset/d 2>/dev/null
k rollout status daemonset/d --timeout=60s
k rollout status statefulset/db --timeout=60s
k rollout restart statefulset/db
k rollout status statefulset/db --timeout=60s
k wait --for=condition=Complete job/good --timeout=60s
k wait --for=condition=Failed job/bad --timeout=60s
k delete daemonset/d statefulset/db job/good job/bad
gone pods
say namespace
k create namespace doomed
k -n doomed create deployment x --image=x --replicas=2
k -n doomed rollout status deployment/x --timeout=60s
k delete namespace doomed --timeout=60s
say a pod that fits nowhere
k run big --image=a --overrides='{"spec":{"containers":[{"name":"big","image":"a","resources":{"requests":{"cpu":"30"}}}]}}'
k wait --for=condition=PodScheduled=false pod/big --timeout=30s
k get pod big -o jsonpath='{.status.conditions[0].message}' | grep -q '^0/2 nodes are available: 2 Insufficient cpu\.'
say all is well
