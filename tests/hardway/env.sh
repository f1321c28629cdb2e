# Settings of the scripts beside this file. Each can be set from the environment.
# shellcheck shell=bash disable=SC2034
NODES_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE_DIR=${CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/orlop/nodes} # not under /run, /var/lib or /var/log
BIN_DIR=${BIN_DIR:-$CACHE_DIR/bin}        # what tools/build made: upstream's programs
ORLOP_BIN=${ORLOP_BIN:-$(realpath "$NODES_HOME/../..")/target/debug} # our three programs
GENERATION=${GENERATION:-today}           # of the unit files and configuration: today, or 1.18
ADMISSION=${ADMISSION:-NamespaceLifecycle,NodeRestriction,LimitRanger,ServiceAccount,DefaultStorageClass,ResourceQuota}
NO_ADMISSION=${NO_ADMISSION:-}            # plugins to switch off
UPSTREAM=${UPSTREAM:-}                    # which of the three are upstream's, such as "kube-scheduler", or all
IMAGE_DIR=${IMAGE_DIR:-$CACHE_DIR/images} # what images made: one OCI layout
RUN_DIR=${RUN_DIR:-$CACHE_DIR/run}        # state, logs and pid files of what runs now
PKI_DIR=${PKI_DIR:-$CACHE_DIR/pki}        # certificates and kubeconfigs made by pki

# Two clusters side by side need another CLUSTER, RUN_DIR, PKI_DIR, NODE_NET, POD_NET, SERVICE_CIDR and other ports.
CLUSTER=${CLUSTER:-kube}                  # at most 8 letters: names the bridge, its links and the cgroup
BRIDGE=br-$CLUSTER
NODE_NET=${NODE_NET:-10.240.0}            # the host is .1, node INDEX is .$((20 + INDEX))
POD_NET=${POD_NET:-10.200}                # node INDEX owns $POD_NET.INDEX.0/24, or with flannel its .spec.podCIDR
SERVICE_CIDR=${SERVICE_CIDR:-10.32.0.0/24}
CLUSTER_DNS=${CLUSTER_DNS:-10.32.0.10}
HOST_IP=$NODE_NET.1
API_PORT=${API_PORT:-6443}                # and the next two: controller-manager, scheduler
ETCD_PORT=${ETCD_PORT:-2379}              # and the next one: its peer port
OLD_KUBECTL=${OLD_KUBECTL:-${XDG_CACHE_HOME:-$HOME/.cache}/orlop/kubectl-1.20/usr/bin/kubectl} # asked too if it is there
REGISTRY_PORT=${REGISTRY_PORT:-5000}
PROXY_MODE=${PROXY_MODE:-iptables}        # kube-proxy: iptables or nftables
NETWORK=${NETWORK:-static}                # of the pods: static, by node up; flannel, by its manifest; or none yet
PATIENCE=${PATIENCE:-180}                  # seconds to wait for what has to happen, however slow the machine
MANIFESTS=$(realpath "$NODES_HOME/../../deploy/manifests") # of the cluster's DNS and pod network
PATH=$BIN_DIR:$PATH:/usr/sbin:/sbin       # not every shell of root has the last two

die() { echo "$(basename "$0"): $*" >&2; exit 1; }

# A pid file holds a pid and its start time, since pids are used again; a dead process may stay as a zombie.
note() { echo "$2 $(awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$2/stat")" >"$1"; } # PIDFILE PID
pid_of() { cut -d' ' -f1 "$1"; }
alive() {
    local pid born
    read -r pid born <"$1" && awk -v born="$born" '{ sub(/.*\) /, ""); exit /^[ZX]/ || $20 != born }' "/proc/$pid/stat"
} 2>/dev/null

# start NAME CMD...: run in the background, again when it fails; log and pid files in $RUN_DIR.
start() {
    mkdir -p "$RUN_DIR/log"
    running "$1" && return
    setsid "$NODES_HOME/keep" "$@" >>"$RUN_DIR/log/$1.log" 2>&1 </dev/null &
    note "$RUN_DIR/$1.keeper.pid" $!
}
running() { alive "$RUN_DIR/$1.keeper.pid" || alive "$RUN_DIR/$1.pid"; }

# stop NAME...: end what start started, and wait for it.
stop() {
    local file
    for file in "${@/%/.keeper.pid}" "${@/%/.pid}"; do
        file=$RUN_DIR/$file
        alive "$file" && { kill "$(pid_of "$file")" || :; }
        until_ok "${STOP_SECONDS:-10}" dead "$file" || kill -9 "$(pid_of "$file")" || :
        rm -f "$file"
    done
}
dead() { ! alive "$1"; }

# free_port: one that nobody listens on, below those that the kernel gives out and those of NodePorts
free_port() {
    local port
    while port=$((RANDOM % 10000 + 20000)); [[ $(ss -Htln "sport = :$port") ]]; do :; done
    echo "$port"
}

# until_ok SECONDS CMD...: try until it succeeds.
until_ok() {
    local end=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do ((SECONDS < end)) || return 1; sleep 0.3; done
}
# soon CMD...: what has to come to be; shows what the last try said.
soon() { until_ok "$PATIENCE" "$@" || "$@"; }
