# Rows of a result, and what they are made of; beside env.sh, for scripts that judge a cluster.
# shellcheck shell=bash
export KUBECONFIG=${KUBECONFIG:-$PKI_DIR/admin.kubeconfig} ETCDCTL_API=3
[[ -n ${ETCDCTL_ENDPOINTS-} ]] || export ETCDCTL_ENDPOINTS=https://127.0.0.1:$ETCD_PORT ETCDCTL_CACERT=$PKI_DIR/ca.crt \
    ETCDCTL_CERT=$PKI_DIR/kubernetes.crt ETCDCTL_KEY=$PKI_DIR/kubernetes.key
WAIT=--timeout=${PATIENCE}s
passed=0 failed=0

# check WHAT CMD...: one row of the result
check() {
    local what=$1 begin=$EPOCHREALTIME output verdict; shift
    if output=$("$@" 2>&1); then verdict=PASS; ((++passed)); else verdict=FAIL; ((++failed)); fi
    printf '%s  %5.1f s  %s\n' $verdict "$(bc <<<"$EPOCHREALTIME - $begin")" "$what"
    [[ $verdict == PASS ]] || tail -n 8 <<<"$output" | sed 's/^/      | /'
}
# total: the last line of a result, and whether all is well
total() {
    echo "$passed passed, $failed failed"
    ((failed == 0))
}

prints() { local pattern=$1 output; shift; output=$("$@" 2>&1); echo "$output"; grep -Eq -- "$pattern" <<<"$output"; } # PATTERN CMD...
says() { local text=$1 output; shift; output=$("$@" 2>&1); echo "$output"; grep -Fq -- "$text" <<<"$output"; }         # TEXT CMD...
fails() { ! "$@"; }
get() { kubectl get "$@" -o "jsonpath=$JSONPATH"; } # with JSONPATH set
none_of() { local left; left=$(kubectl get pods,replicasets,endpointslices -A -l "$1" -o name) && [[ ! $left ]]; } # LABEL
node_names() { kubectl get nodes -o name | sed s,node/,, | sort; }
nodes_of() { JSONPATH='{range .items[*]}{.spec.nodeName}{"\n"}{end}' get pods -l "app=$1" "${@:2}" | sort -u; }

# ask PATH [CURL OPTION...]: the API server, as the admin; without what kubectl costs
ask() {
    curl -s -m 10 --cacert "$PKI_DIR/ca.crt" --cert "$PKI_DIR/admin.crt" --key "$PKI_DIR/admin.key" \
        "https://127.0.0.1:$API_PORT$1" "${@:2}"
}
