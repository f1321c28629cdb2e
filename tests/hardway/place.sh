# A cluster of one's own, beside others; for scripts that start one from nothing.
# shellcheck shell=bash

# place: a name and networks that this machine does not have yet, nor what is left of them, and ports that are free
place() {
    local i port
    for ((i = 0; i < 10; i++)); do
        export CLUSTER=hard$i BRIDGE=br-hard$i NODE_NET=10.24$i.0 HOST_IP=10.24$i.0.1 POD_NET=10.20$i \
            SERVICE_CIDR=10.$((32 + i)).0.0/24 CLUSTER_DNS=10.$((32 + i)).0.10
        [[ $(ip -o link show "$BRIDGE" 2>/dev/null; for port in "$NODE_NET.0/24" "$POD_NET.0.0/16" "$SERVICE_CIDR"; do
            ip -o route show root "$port"; done; ls -d "/sys/fs/cgroup/"{,*/}"$CLUSTER-nodes" 2>/dev/null) ]] || break
    done
    ((i < 10)) || die "this machine has ten clusters already"
    port=$(free_ports 6)
    export API_PORT=$port ETCD_PORT=$((port + 3)) REGISTRY_PORT=$((port + 5))
}
free_ports() { # COUNT in a row: the first
    local first i
    while first=$(free_port); do
        for ((i = 1; i < $1; i++)); do [[ ! $(ss -Htln "sport = :$((first + i))") ]] || continue 2; done
        break
    done
    echo "$first"
}

start_nodes() {
    local index
    for index in 1 2; do
        ./pki node "wrk0$index.kube.com" $index && ./node up "wrk0$index.kube.com" $index || return
    done
}
take_down() { ./node down --all; ./control-plane down; ./fabric down; }
