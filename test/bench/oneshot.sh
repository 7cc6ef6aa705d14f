# oneshot.sh - commands by hand, from their start to their end, beside what does the same
# shellcheck shell=sh disable=SC2154,SC2086,SC2034

oneshot_runs=50

# Each pair in turns; the last one needs a kernel with IPVS.
bench_oneshot() {
	ip link set lo up
	probe_server
	ip -n a address add 192.168.153.100/24 dev eth0
	: >"$dir/oneshot"
	oneshot_url=http://127.0.0.1:$probe_port/
	oneshot_pair probe-http "probe-http $oneshot_url" curl "curl -sf -o /dev/null $oneshot_url"
	oneshot_pair probe-tcp "probe-tcp 127.0.0.1:$probe_port" nc "nc -z 127.0.0.1 $probe_port"
	oneshot_pair 'garp -c 1' 'ip netns exec a garp -c 1 eth0 192.168.153.100' \
	    'arping -c 1' 'ip netns exec a arping -c 1 -U -I eth0 192.168.153.100'
	oneshot_pair 'vip-up' 'ip netns exec a vip-up eth0 192.168.153.101/24' \
	    'ip address add' 'ip netns exec a ip address replace 192.168.153.102/24 dev eth0'
	kill "$probe_server"
	wait "$probe_server" 2>/dev/null || :
	"$top/test/kernel" -c "$(($(nproc) - 1))" "$top/test/bench/ipvs-guest" list "$oneshot_runs" \
	    >>"$dir/oneshot"
	oneshot_table
}

# oneshot_pair NAME CMD NAME CMD: a line `NAME/NAME: MICROSECONDS MICROSECONDS` a run.
oneshot_pair() {
	log "oneshot: $1, $3"
	command -v "${3%% *}" >/dev/null || fail "oneshot: no ${3%% *}"
	case $1 in
	garp*) n=5 ;; # arping waits for a second
	*) n=$oneshot_runs ;;
	esac
	for run in $(seq "$n"); do
		[ "$1" != vip-up ] || oneshot_undo
		ours=$(wall $2) || fail "oneshot: $1 failed"
		peer=$(wall $4) || fail "oneshot: $3 failed"
		echo "$1/$3:$ours:$peer" >>"$dir/oneshot"
	done
}

oneshot_undo() {
	ip -n a address flush dev eth0 to 192.168.153.101/32
	ip -n a address flush dev eth0 to 192.168.153.102/32
}

oneshot_table() {
	echo
	echo 'oneshot: wall ms from start to end, median of runs in turns'
	printf '%-26s %5s %9s %9s %7s\n' 'ours/peer' runs ours peer ratio
	cut -d: -f1 "$dir/oneshot" | awk '!seen[$0]++' | while read -r pair; do
		grep -F "$pair:" "$dir/oneshot" >"$dir/pair"
		ours=$(cut -d: -f2 "$dir/pair" | quantiles | cut -d' ' -f3)
		peer=$(cut -d: -f3 "$dir/pair" | quantiles | cut -d' ' -f3)
		echo "$ours $peer" | awk -v pair="$pair" -v n="$(wc -l <"$dir/pair")" \
		    '{ printf "%-26s %5d %9.2f %9.2f %7.2f\n", pair, n, $1 / 1000, $2 / 1000, $1 / $2 }'
	done
}
