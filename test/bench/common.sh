# common.sh - two nodes and a client on a bridge, with viptools or with keepalived on the nodes
# shellcheck shell=sh disable=SC2034,SC2016,SC2015,SC2046,SC2086

top=$(cd "${0%/*}/../.." && pwd)
build=${build:-$top/build}
PATH=$build:$build/test:$PATH:/usr/sbin:/sbin
export LC_ALL=C
dir=/run/bench
runs=20 adverts_ms="10 100 1000" window=10 long=60
sides='ours keepalived'
real_time=
mac_a=02:00:00:00:00:11
mac_b=02:00:00:00:00:12

log() {
	printf 'bench: %s\n' "$*" >&2
}

fail() {
	log "$*"
	exit 1
}

bench_open() {
	mkdir -p "$dir"
	ip link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0
	ip link set br0 up
	node a 11
	node b 12
	node c 20
}

node() {
	ip netns add "$1"
	ip link add "v$1" type veth peer name eth0 address "02:00:00:00:00:$2" netns "$1"
	ip link set "v$1" master br0 up
	ip -n "$1" link set lo up
	ip -n "$1" link set eth0 up
	ip -n "$1" address add "192.168.153.$2/24" dev eth0
}

# eventually SECONDS CMD...: waits for CMD to be true.
eventually() {
	tries=$(($1 * 50))
	shift
	until "$@"; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.02
	done
}

# port NODE disabled|forwarding: the switch's end of the cable; the node sees no change.
port() {
	bridge link set dev "v$1" state "$2"
}

# addresses NODE: how many virtual addresses it has.
addresses() {
	ip -n "$1" -o address show dev eth0 to 10.0.0.0/8 | wc -l
}

has_addresses() {
	[ "$(addresses "$1")" -eq "$2" ]
}

has_none_left() {
	[ -z "$(ip netns pids "$1")" ]
}

# masters SIDE NODE: how often a router of this node has become master.
masters() {
	case $1 in
	ours) grep -c ' MASTER from=' "$dir/$2.out" || : ;;
	keepalived) grep -c 'Entering MASTER STATE' "$dir/$2.out" || : ;;
	esac
}

# start SIDE NODE PRIO N ADVERT_MS: N routers on this node.
start() {
	"configure_$1" "$3" "$4" "$5" >"$dir/$2.conf"
	"launch_$1" "$2"
}

configure_ours() {
	for i in $(seq "$2"); do
		echo "router r$i if=eth0 vrid=$i prio=$1 advert=${3}ms version=3"
		echo "address r$i 10.0.0.$i/32"
	done
}

# A session each, as a service has: the scheduler gives a session its own share (autogroup).
launch_ours() {
	setsid ip netns exec "$1" $real_time vip-run "$dir/$1.conf" >"$dir/$1.out" 2>&1 &
}

configure_keepalived() {
	printf 'global_defs {\n\trouter_id bench\n\tvrrp_version 3\n}\n'
	for i in $(seq "$2"); do
		cat <<-END
			vrrp_instance r$i {
				state BACKUP
				interface eth0
				virtual_router_id $i
				priority $1
				advert_int $(echo "$3" | awk '{ print $1 / 1000 }')
				virtual_ipaddress {
					10.0.0.$i/32
				}
			}
		END
	done
}

# -G: without it each message goes to the serial console and costs milliseconds.
launch_keepalived() {
	setsid ip netns exec "$1" $real_time keepalived -P -G -l -n -f "$dir/$1.conf" \
	    -p "$dir/$1.pid" -r "$dir/$1.vrrp.pid" >"$dir/$1.out" 2>&1 &
}

# All it has to say of its start has been written.
has_said() {
	[ "$(masters "$1" a)" -ge "$2" ]
}

# pair SIDE N ADVERT_MS: a master with priority 150, b backup with 100, both settled.
pair() {
	start "$1" a 150 "$2" "$3"
	eventually 20 has_addresses a "$2" || fail "$1: a is not master of $2"
	start "$1" b 100 "$2" "$3"
	eventually 5 is_listening "$1" b || fail "$1: b does not listen"
	eventually 10 has_said "$1" "$2" || fail "$1: a has not said that it is master"
	sleep 1
	has_addresses a "$2" && has_addresses b 0 || fail "$1: a and b do not agree"
}

is_listening() {
	case $1 in
	ours) grep -qs ' BACKUP from=' "$dir/$2.out" ;;
	keepalived) grep -qs 'Entering BACKUP STATE' "$dir/$2.out" ;;
	esac
}

# All of both nodes goes at once, so that no time is lost and nobody takes over.
unpair() {
	for signal in STOP KILL; do
		kill -"$signal" $(ip netns pids a) $(ip netns pids b) 2>/dev/null || :
	done
	for end in a b; do
		eventually 10 has_none_left "$end" || fail "$end: still there"
		ip -n "$end" address flush dev eth0 to 10.0.0.0/8
	done
	for p in $(jobs -p); do
		wait "$p" 2>/dev/null || :
	done
	rm -rf /run/viptools
}

tap_start() {
	wiretap br0 >"$dir/tap" &
	tap=$!
	eventually 2 grep -q ready "$dir/tap"
}

tap_stop() {
	kill "$tap"
	wait "$tap" 2>/dev/null || :
}

# Who sees that the machine itself stands still, as shared machines do.
witness_start() {
	witnesses=
	: >"$dir/still"
	for i in $(seq 0 $(($(nproc) - 1))); do
		witness "$i" >>"$dir/still" &
		witnesses="$witnesses $!"
	done
}

# Says how often and for how long at most: 2x110ms.
witness_stop() {
	kill $witnesses
	sort -n "$dir/still" | awk '{ max = $1 } END { printf "%dx%.0fms", NR, max }'
}

# quantiles COLUMNS-FORMAT of numbers, one a line on standard input: n min median p75 p99 max.
quantiles() {
	sort -n | awk '
	function q(p) { i = int(p * NR + 0.999999); return v[i < 1 ? 1 : i] }
	{ v[NR] = $1 }
	END {
		if (NR == 0) { print "0 - - - - -"; exit }
		print NR, v[1], q(0.5), q(0.75), q(0.99), v[NR]
	}'
}
