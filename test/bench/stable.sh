# stable.sh - nothing changes hands that should not, and adverts leave on time
#
# "host still" says how often no process could run for over 20 ms, whatever its priority, and for
# how long: what falls into such a time is not counted against anybody.
# shellcheck shell=sh disable=SC2154,SC2015,SC2046

bench_stable() {
	: >"$dir/stable"
	: >"$dir/crowd"
	for side in $sides; do
		crowd "$side" >>"$dir/crowd"
	done
	for load in 0 4 16; do
		for side in $sides; do
			stable_cell "$side" "$load" >>"$dir/stable"
		done
	done
	stable_table
}

# 255 routers at 10 ms: adverts a second and transitions.
crowd() {
	log "stable: $1, 255 routers, 10ms, $long s"
	pair "$1" 255 10
	before=$(masters "$1" a)/$(masters "$1" b)
	t=$(uptime_ms)
	adverts=$(cat /sys/class/net/va/statistics/rx_packets)
	witness_start
	sleep "$long"
	still=$(witness_stop)
	adverts=$(($(cat /sys/class/net/va/statistics/rx_packets) - adverts))
	t=$(($(uptime_ms) - t))
	after=$(masters "$1" a)/$(masters "$1" b)
	unpair
	[ "$before" = "$after" ] && changes=0 || changes="$before>$after"
	echo "$1 $adverts $t $changes $still"
}

# One router at 10 ms beside LOAD busy processes: the gaps between its adverts.
stable_cell() {
	log "stable: $1, 1 router, 10ms, stress-ng --cpu $2, $long s"
	pair "$1" 1 10
	if [ "$2" -gt 0 ]; then
		setsid stress-ng --quiet --cpu "$2" --timeout "$((long + 2))" >&2 &
		hogs=$!
		sleep 1
	fi
	tap_start
	before=$(masters "$1" a)/$(masters "$1" b)
	witness_start
	sleep "$long"
	still=$(witness_stop)
	after=$(masters "$1" a)/$(masters "$1" b)
	tap_stop
	[ "$2" -eq 0 ] || wait "$hogs" || log "stress-ng: $?"
	unpair
	[ "$before" = "$after" ] && changes=0 || changes="$before>$after"
	echo "$1 $2 $(gaps | quantiles) $changes $(grep -c "$mac_b advert" "$dir/tap") $still"
}

gaps() {
	awk -v a="$mac_a" '
	$2 == a && $3 == "advert" {
		if (last) printf "%.4f\n", ($1 - last) * 1000
		last = $1
	}' "$dir/tap"
}

stable_table() {
	echo
	echo "stable: 255 routers at 10 ms for $long s; 25500 adverts a second are nominal"
	printf '%-11s %10s %12s %12s\n' who adverts/s transitions 'host still'
	awk '{ printf "%-11s %10.0f %12s %12s\n", $1, $2 / $3 * 1000, $4, $5 }' "$dir/crowd"
	echo
	echo "stable: 1 router at 10 ms for $long s beside stress-ng --cpu N: gaps between adverts, ms"
	printf '%-4s %-11s %6s %8s %8s %8s %8s %8s %12s %-12s %s\n' \
	    load who gaps min median p75 p99 max transitions "b's adverts" 'host still'
	awk '{ printf "%-4s %-11s %6s %8s %8s %8s %8s %8s %12s %-12s %s\n",
	    $2, $1, $3, $4, $5, $6, $7, $8, $9, $10, $11 }' "$dir/stable"
}
