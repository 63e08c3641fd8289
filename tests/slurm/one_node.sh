#!/usr/bin/env bash
# A Slurm of one node, this machine, in a folder: one_node.sh start DIR; SLURM_CONF=DIR/slurm.conf squeue; one_node.sh stop DIR
# Needs root and Debian's packages: apt-get install slurmctld slurmd slurm-client munge
set -euo pipefail
verb=$1
place=$(realpath -m "$2")
host=$(hostname -s)

stop() {
    for name in slurmd slurmctld munged; do
        if [ -f "$place/$name.pid" ]; then
            kill "$(cat "$place/$name.pid")" 2> /dev/null || true
        fi
    done
}

if [ "$verb" = stop ]; then
    stop
    exit
fi

mkdir -p "$place/state" "$place/spool"
head -c 1024 /dev/urandom > "$place/munge.key"
chmod 0400 "$place/munge.key"
munged --force --key-file "$place/munge.key" --socket "$place/munge.socket" --pid-file "$place/munged.pid" \
    --log-file "$place/munged.log" --seed-file "$place/munge.seed" 2>> "$place/munged.err"
cat > "$place/slurm.conf" << CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${SLURM_TEST_PORT:-16817}
SlurmdPort=$((${SLURM_TEST_PORT:-16817} + 1))
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$place/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=5
MessageTimeout=60
SlurmdTimeout=300
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=gpu Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$place/slurm.conf"
slurmctld -f "$SLURM_CONF"
slurmd -f "$SLURM_CONF"
for _ in $(seq 120); do
    if sinfo --noheader --format=%T 2> /dev/null | grep -q idle; then
        exit 0
    fi
    sleep 0.5
done
echo "the node is not idle after a minute:" >&2
sinfo >&2 || true
tail -n 5 "$place"/*.log >&2
stop
exit 1
