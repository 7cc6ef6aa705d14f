# helper.bash - hosts in network namespaces, conditions with deadlines, what the client saw
# shellcheck shell=bash disable=SC2034
#
#   load helper
#
#   @test "garp tells the client" {
#           hosts a b c
#           on a vip-up eth0 $VIP/24
#           eventually 2 client_knows "$(mac_of a)"
#   }
#
# Files go to $BATS_TEST_TMPDIR, called $dir here.

bats_require_minimum_version 1.5.0

TOP=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
BUILD=${BUILD:-$TOP/build}
PATH=$BUILD:$BUILD/test:$PATH:/usr/sbin:/sbin
NET=192.168.153 NET6=fd00:153:
VIP=$NET.13 VIP6=$NET6:13
GROUP=224.0.0.18 GROUP6=ff02::12
dir=$BATS_TEST_TMPDIR

# --- conditions -------------------------------------------------------------------------------

# need CMD...: a peer or tool that the test cannot do without. Its absence is a failure in CI.
need() {
	local c
	for c; do
		if [ "$c" = root ]; then
			[ "$(id -u)" -eq 0 ] || lacking root
			continue
		fi
		command -v "$c" >/dev/null || [ -x "/usr/lib/frr/$c" ] || lacking "$c"
	done
}

# lacking WHAT: fails in CI, skips elsewhere.
lacking() {
	[ -z "${CI:-}" ] || fail "needs $1, and CI has everything"
	skip "needs $1"
}

fail() {
	printf '%s\n' "$*" >&2
	return 1
}

# now: CLOCK_REALTIME in microseconds.
now() {
	printf '%s\n' "${EPOCHREALTIME/[.,]/}"
}

# us SECONDS: seconds with decimals as microseconds.
us() {
	local whole=${1%.*} part=000000
	[ "$whole" = "$1" ] || part=${1#*.}000000
	printf '%s\n' $((${whole:-0} * 1000000 + 10#${part:0:6}))
}

# eventually [SECONDS] CMD...: true as soon as CMD is, false after SECONDS (5).
eventually() {
	local limit=5 end
	case $1 in [0-9]* | .[0-9]*) limit=$1 && shift ;; esac
	end=$((${EPOCHREALTIME/[.,]/} + $(us "$limit")))
	until "$@" >/dev/null 2>&1; do
		if [ "${EPOCHREALTIME/[.,]/}" -ge "$end" ]; then
			"$@" || fail "not within $limit s: $*"
			return
		fi
		sleep 0.02
	done
}

# always SECONDS CMD...: CMD is true at every look for SECONDS. For what leaves a history
# (addresses, packets, records) judge the history instead: a look misses what is brief.
always() {
	local limit=$1 end
	shift
	end=$((${EPOCHREALTIME/[.,]/} + $(us "$limit")))
	while [ "${EPOCHREALTIME/[.,]/}" -lt "$end" ]; do
		"$@" >/dev/null || { fail "did not stay true for $limit s: $*"; return; }
		sleep 0.02
	done
}

# never SECONDS CMD...: CMD is false at every look for SECONDS.
never() {
	local limit=$1
	shift
	always "$limit" not "$@"
}

not() {
	! "$@"
}

# says FILE TEXT: a line of FILE holds TEXT. says_n FILE TEXT N: exactly N lines do.
says() {
	grep -qF -e "$2" -- "$1"
}

says_n() {
	[ "$(grep -cF -e "$2" -- "$1")" -eq "$3" ]
}

# sanitized: the commands are built with AddressSanitizer, which needs much memory and locks none.
sanitized() {
	grep -q __asan_init "$BUILD/vrrp-elect"
}

# --- processes --------------------------------------------------------------------------------

# spawn CMD...: in the background, in a process group of its own, without the descriptors of
# bats; the pid goes to $spawned. CMD may be a function.
spawn() {
	set -m
	"$@" <&0 3>&- 4>&- &
	spawned=$!
	set +m
	disown "$spawned"
	printf '%s\n' "$spawned" >>"$dir/pids"
}

# spawn_on HOST NAME CMD...: CMD in the host, output to $dir/NAME.out and .err; see pid_of.
spawn_on() {
	local host=$1 name=$2
	shift 2
	spawn ip netns exec "$host" "$@" >"$dir/$name.out" 2>"$dir/$name.err"
	printf '%s\n' "$spawned" >"$dir/$name.pid"
}

pid_of() {
	cat "$dir/$1.pid"
}

is_running() {
	local state
	state=$(ps -o stat= -p "$1") && [ -n "$state" ] && [ "${state:0:1}" != Z ]
}

gone() {
	not is_running "$1"
}

# crash HOST: every process of the host dies at once; its addresses stay, as the kernel lives.
crash() {
	local p
	p=$(ip netns pids "$1")
	[ -z "$p" ] || kill -KILL $p
}

# --- hosts ------------------------------------------------------------------------------------

# The last number of a host's addresses and MAC.
number_of() {
	case $1 in
	a) echo 11 ;;
	b) echo 12 ;;
	c) echo 20 ;;
	d) echo 21 ;;
	e) echo 22 ;;
	*) fail "no such host: $1" ;;
	esac
}

addr_of() {
	echo "$NET.$(number_of "$1")"
}

addr6_of() {
	echo "$NET6:$(number_of "$1")"
}

link_of() {
	echo "fe80::ff:fe00:$(number_of "$1")"
}

mac_of() {
	echo "02:00:00:00:00:$(number_of "$1")"
}

# hosts NAME...: namespaces joined by the bridge br0, each with eth0; port vNAME on the bridge.
# a is .11, b .12, c (the client) .20. Nothing waits: no duplicate detection, no spanning tree.
hosts() {
	local h n
	[ "${VIPTOOLS_PRIVATE:-}" = yes ] || lacking 'root and test/run'
	HOSTS=$*
	ip link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0
	echo 1 >/proc/sys/net/ipv6/conf/br0/disable_ipv6
	ip link set br0 up
	for h; do
		n=$(number_of "$h")
		ip netns add "$h"
		ip netns exec "$h" sh -c '
			echo 0 | tee /proc/sys/net/ipv6/conf/*/accept_dad \
			    /proc/sys/net/ipv6/conf/*/router_solicitations >/dev/null'
		ip -batch - <<-END
			link add v$h type veth peer name eth0 address 02:00:00:00:00:$n netns $h
			link set v$h master br0
		END
		echo 1 >"/proc/sys/net/ipv6/conf/v$h/disable_ipv6"
		ip link set "v$h" up
		ip -n "$h" -batch - <<-END
			link set lo up
			link set eth0 up
			address add $NET.$n/24 brd + dev eth0
			address add $NET6:$n/64 dev eth0 nodad
		END
	done
}

on() {
	ip netns exec "$@"
}

# unplug HOST, plug HOST: the cable, at the switch's end. The host sees its carrier go.
unplug() {
	ip link set "v$1" down
}

plug() {
	ip link set "v$1" up
}

# cut A B: nothing passes between A and B. cut_from A B: nothing passes from A to B. lose A B N:
# N of 100 frames are lost, both ways. heal: all of it is undone.
cut() {
	cut_from "$1" "$2"
	cut_from "$2" "$1"
}

cut_from() {
	rule "iifname v$1 oifname v$2 drop"
}

lose() {
	rule "iifname v$1 oifname v$2 numgen random mod 100 < $3 drop"
	rule "iifname v$2 oifname v$1 numgen random mod 100 < $3 drop"
}

heal() {
	nft delete table bridge faults 2>/dev/null || :
}

rule() {
	nft -f - <<-END
		table bridge faults {
			chain forward {
				type filter hook forward priority 0
				$1
			}
		}
	END
}

# --- who holds the address --------------------------------------------------------------------

# has HOST [ADDRESS]: the address is on an interface of the host.
has() {
	[ -n "$(ip -n "$1" -o address show to "${2:-$VIP}")" ]
}

# holders [ADDRESS]: the hosts that have it now, on one line.
holders() {
	local h out=
	for h in $HOSTS; do
		! has "$h" "${1:-$VIP}" || out="$out $h"
	done
	printf '%s\n' "${out# }"
}

# held_by 'HOST...' [ADDRESS]: exactly these hold it ('' for nobody).
held_by() {
	local h
	h=$(holders "${2:-$VIP}")
	[ "$h" = "$1" ] || fail "held by '$h', not '$1'"
}

# history [ADDRESS]: from now on record who holds it, to the microsecond, in $dir/history:
# `T HOST up|down` on CLOCK_MONOTONIC.
history() {
	: >"$dir/history"
	spawn holders-log "${1:-$VIP}" $HOSTS >"$dir/history"
	eventually 2 says "$dir/history" ready
}

# longest N: the longest time, in milliseconds, that the history shows N or more holders, or
# none for N = 0. overlap: two or more.
longest() {
	awk -v n="$1" -v end="$(awk '{ print $1; exit }' /proc/uptime)" '
	function close_at(t) { if (since != "" && t - since > max) max = t - since; since = "" }
	{ t = $1 }
	$3 == "up" { have[$2] = 1 }
	$3 == "down" { delete have[$2] }
	$2 == "-" { next }
	{
		k = 0
		for (h in have) k++
		hit = n == 0 ? k == 0 : k >= n
		if (hit && since == "") since = t
		if (!hit) close_at(t)
	}
	END { if (end > t) t = end; close_at(t); printf "%d\n", max * 1000 }' "$dir/history"
}

overlap() {
	longest 2
}

# --- what the client saw ----------------------------------------------------------------------

# answer HOST: it answers the datagrams of probes with its name.
answer() {
	spawn_on "$1" "answer-$1" udp-probe -s "$1"
	eventually 5 says "$dir/answer-$1.out" ready
}

# probe CLIENT [ADDRESS]: a datagram each millisecond to ADDRESS, answered by every other host.
# probe_end stops and prints `total sent= lost= outage_ms= ...`, one `gap` line an outage before
# it; probe_get KEY is one figure of the total.
probe() {
	local h
	for h in $HOSTS; do
		[ "$h" = "$1" ] || [ -e "$dir/answer-$h.pid" ] || answer "$h"
	done
	spawn_on "$1" probe udp-probe "${2:-$VIP}"
}

probe_end() {
	kill -TERM "$(pid_of probe)"
	eventually 5 says "$dir/probe.out" total
	cat "$dir/probe.out"
}

probe_get() {
	sed -n "s/^total.* $1=\([^ ]*\).*/\1/p" "$dir/probe.out"
}

# capture NAME [FILTER]: everything on the bridge, nanosecond stamps, to $dir/NAME.pcap.
capture() {
	local name=$1
	shift
	spawn tcpdump -Z root -i br0 -n -U -s 0 --immediate-mode --time-stamp-precision=nano \
	    -w "$dir/$name.pcap" "$@" 2>"$dir/$name.err"
	printf '%s\n' "$spawned" >"$dir/$name.pid"
	eventually 5 says "$dir/$name.err" listening
}

# captured NAME [TCPDUMP-ARGUMENT...]: its packets as text.
captured() {
	local name=$1
	shift
	tcpdump -n -r "$dir/$name.pcap" "$@" 2>/dev/null
}

# --- a pipeline -------------------------------------------------------------------------------

# pipeline HOST CONFIGURATION [STAGE...]: the stages (vrrp-watch to garp) in the host, behind the
# configuration and a control FIFO: output in $dir/HOST.out, pids by `pid_of HOST.STAGE`, messages
# in $dir/HOST.STAGE.err. The pids are there when it returns. A stage is one word.
pipeline() {
	local host=$1 stage last line='cat "$prefix.conf" - <"$prefix.control"'
	printf '%s\n' "$2" >"$dir/$host.conf"
	shift 2
	[ $# -gt 0 ] || set -- vrrp-watch vrrp-elect vrrp-advert vip-up garp
	rm -f "$dir/$host.control" "$dir/$host".*.pid
	mkfifo "$dir/$host.control"
	spawn sleep infinity <>"$dir/$host.control"
	printf '%s\n' "$spawned" >"$dir/$host.holder.pid"
	for stage; do
		line="$line | at $stage"
		last=$stage
	done
	spawn_on "$host" "$host" sh -c '
		prefix=$1
		at() {
			exec sh -c '\''echo $$ >"$0.pid"; exec "$1" 2>"$0.err"'\'' "$prefix.$1" "$1"
		}
		eval "$2"
	' - "$dir/$host" "$line"
	for stage; do
		eventually 5 [ -s "$dir/$host.$stage.pid" ]
	done
}

# tell HOST RECORD...: into its control FIFO. hang_up HOST: the FIFO closes, the input ends.
tell() {
	local host=$1
	shift
	printf '%s\n' "$*" >"$dir/$host.control"
}

hang_up() {
	kill "$(pid_of "$1.holder")"
}

# --- afterwards -------------------------------------------------------------------------------

# A failed test shows what its processes said; then all of them and the hosts go.
teardown() {
	local f h p
	if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		for f in "$dir"/*.err "$dir"/*.out "$dir/history"; do
			[ ! -s "$f" ] || { printf -- '--- %s\n' "${f##*/}" && tail -n ${LOG_LINES:-40} "$f"; }
		done
	fi
	if [ -e "$dir/pids" ]; then
		while read -r p; do
			kill -KILL -- "-$p" 2>/dev/null || :
		done <"$dir/pids"
	fi
	for h in ${HOSTS:-}; do
		crash "$h" 2>/dev/null || :
		ip link delete "v$h" 2>/dev/null || :
		ip netns delete "$h" 2>/dev/null || :
	done
	if [ -n "${HOSTS:-}" ]; then
		ip link delete br0 2>/dev/null || :
		heal
	fi
}
