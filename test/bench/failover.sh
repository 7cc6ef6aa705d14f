# failover.sh - from the end of the down interval to the new master's first announcement
# shellcheck shell=sh disable=SC2154,SC2015,SC2046

# Each block starts the pair anew, crashes the master a few times and heals; the sides take
# turns, so that what else the machine does meets both.
block=5

bench_failover() {
	for ms in $adverts_ms; do
		for side in $sides; do
			: >"$dir/over.$side.$ms"
		done
		done=0
		while [ "$done" -lt "$runs" ]; do
			for side in $sides; do
				failover_block "$side" "$ms" "$((done + 1))"
			done
			done=$((done + block))
		done
	done
	failover_table
}

failover_block() {
	log "failover: $1, ${2}ms, from run $3"
	tap_start
	pair "$1" 1 "$2"
	i=0
	while [ "$i" -lt "$block" ]; do
		i=$((i + 1))
		seen=$(grep -c "$mac_b announce" "$dir/tap") || :
		port a disabled
		eventually 10 failover_seen "$seen" || log "$1: no announcement in run $i"
		sleep 0.05
		port a forwarding
		eventually 5 failover_settled "$2" || log "$1: not settled after run $i"
		sleep "$(awk -v n="$i" -v m="$2" 'BEGIN { print (2 + n / 5) * m / 1000 }')"
	done
	tap_stop
	unpair
	failover_times "$2" >"$dir/times"
	[ "$(wc -l <"$dir/times")" -eq "$block" ] ||
	    log "$1: $(wc -l <"$dir/times") failovers in $block runs"
	cat "$dir/times" >>"$dir/over.$1.$2"
}

failover_seen() {
	[ "$(grep -c "$mac_b announce" "$dir/tap")" -gt "$1" ]
}

# b has been silent for three adverts while a was not.
failover_settled() {
	awk -v a="$mac_a" -v b="$mac_b" -v quiet="$(($1 * 3))" '
	$3 == "advert" { last[$2] = $1 }
	END { exit last[a] - last[b] < quiet / 1000 }' "$dir/tap"
}

# One line a takeover: milliseconds over the down interval until b's first announcement, and
# until its first advert.
failover_times() {
	awk -v a="$mac_a" -v b="$mac_b" -v ms="$1" '
	BEGIN { down = 3 * ms + (256 - 100) * ms / 256 }
	$2 == a && $3 == "advert" { last = $1; first = 0; said = 0 }
	$2 != b || ($1 - last) * 1000 < 2 * ms { next }
	$3 == "advert" && !first { first = $1 }
	$3 == "announce" && !said {
		said = 1
		printf "%.4f %.4f\n", ($1 - last) * 1000 - down, (first - last) * 1000 - down
	}' "$dir/tap"
}

failover_table() {
	echo
	echo 'failover: last advert of the dead master to first announcement of the new one,'
	echo 'less the down interval (3 adverts and skew, version 3, priority 100); ms'
	printf '%-8s %-11s %4s %8s %8s %8s %8s   %s\n' \
	    advert who runs min median p75 max 'median to first advert'
	for ms in $adverts_ms; do
		for side in $sides; do
			set -- $(cut -d' ' -f1 "$dir/over.$side.$ms" | quantiles)
			wire=$(cut -d' ' -f2 "$dir/over.$side.$ms" | quantiles | cut -d' ' -f3)
			printf '%-8s %-11s %4s %8s %8s %8s %8s   %s\n' \
			    "${ms}ms" "$side" "$1" "$2" "$3" "$4" "$6" "$wire"
			echo "$3" >"$dir/median.$side"
		done
		ratio 'ours/keepalived, median' "$dir/median.ours" "$dir/median.keepalived"
	done
}

# ratio TITLE FILE FILE: the first number over the second.
ratio() {
	[ -e "$2" ] && [ -e "$3" ] || return 0
	paste "$2" "$3" | awk -v t="$1" '$2 > 0 { printf "         %s: %.2f\n", t, $1 / $2 }'
}
