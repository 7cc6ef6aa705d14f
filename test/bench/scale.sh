# scale.sh - processor time and memory of a whole node, master and backup
# shellcheck shell=sh disable=SC2154,SC2015,SC2046

bench_scale() {
	: >"$dir/scale"
	for routers in 1 50 255; do
		for ms in 1000 100 10; do
			for side in $sides; do
				scale_cell "$side" "$routers" "$ms" >>"$dir/scale"
			done
		done
	done
	scale_table
}

# SIDE N MS SECONDS ADVERTS CPU_A CPU_B PSS_ALONE PSS_A PSS_B TRANSITIONS: processor time in
# nanoseconds of all threads of all processes of the node, memory in kB.
scale_cell() {
	log "scale: $1, $2 routers, ${3}ms"
	start "$1" a 150 "$2" "$3"
	eventually 20 has_addresses a "$2" || fail "$1: a is not master of $2"
	alone=$(pss a)
	start "$1" b 100 "$2" "$3"
	eventually 5 is_listening "$1" b || fail "$1: b does not listen"
	eventually 10 has_said "$1" "$2" || fail "$1: a has not said that it is master"
	sleep 6 # keepalived and garp announce again 5 s after the first time
	before=$(masters "$1" a)/$(masters "$1" b)
	t=$(uptime_ms)
	a=$(cpu a) b=$(cpu b)
	adverts=$(cat /sys/class/net/va/statistics/rx_packets)
	sleep "$window"
	adverts=$(($(cat /sys/class/net/va/statistics/rx_packets) - adverts))
	a=$(minus "$(cpu a)" "$a") b=$(minus "$(cpu b)" "$b")
	t=$(($(uptime_ms) - t))
	after=$(masters "$1" a)/$(masters "$1" b)
	[ "$before" = "$after" ] && changes=0 || changes="$before>$after"
	echo "$1 $2 $3 $t $adverts $a $b $alone $(pss a) $(pss b) $changes"
	unpair
}

uptime_ms() {
	awk '{ printf "%.0f\n", $1 * 1000 }' /proc/uptime
}

minus() {
	echo "$1 $2" | awk '{ printf "%.0f\n", $1 - $2 }'
}

cpu() {
	for p in $(ip netns pids "$1"); do
		cat "/proc/$p"/task/*/schedstat
	done | awk '{ s += $1 } END { printf "%.0f\n", s }'
}

pss() {
	for p in $(ip netns pids "$1"); do
		sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$p/smaps_rollup"
	done | awk '{ s += $1 } END { print s }'
}

scale_table() {
	echo
	echo "scale: every process of a node, $window s a cell; transitions must be 0"
	awk '
	BEGIN {
		f = "%-8s %-7s %-11s %9s  %8s %8s  %8s %8s  %7s %7s %7s  %s\n"
		printf f, "routers", "advert", "who", "adverts/s", "CPU s/s", "CPU s/s", "us each",
		    "us each", "PSS MB", "PSS MB", "PSS MB", "transitions"
		printf f, "", "", "", "", "master", "backup", "master", "backup", "alone", "master",
		    "backup", ""
	}
	{
		s = $4 / 1000
		printf f, $2, $3 "ms", $1, sprintf("%.0f", $5 / s), sprintf("%.4f", $6 / 1e9 / s),
		    sprintf("%.4f", $7 / 1e9 / s), sprintf("%.1f", $6 / 1e3 / $5),
		    sprintf("%.1f", $7 / 1e3 / $5), sprintf("%.1f", $8 / 1024),
		    sprintf("%.1f", $9 / 1024), sprintf("%.1f", $10 / 1024), $11
		if ($1 == "ours") {
			m = $6 / $4; b = $7 / $4; p = $8; pm = $9; pb = $10; cell = $2 $3
		} else if (cell == $2 $3) {
			printf f, "", "", "ratio", "", sprintf("%.2f", m / $6 * $4),
			    sprintf("%.2f", b / $7 * $4), "", "", sprintf("%.2f", p / $8),
			    sprintf("%.2f", pm / $9), sprintf("%.2f", pb / $10), ""
		}
	}' "$dir/scale"
}
