# ipvs.sh - IPVS's table filled and read: ours, ipvsadm's, and the bare messages
# shellcheck shell=sh disable=SC2154

ipvs_rounds=3

# One boot for all: only what took turns in it may be compared.
bench_ipvs() {
	command -v ipvsadm >/dev/null && command -v strace >/dev/null ||
	    fail 'ipvs: needs ipvsadm and strace'
	"$top/test/kernel" -c "$(($(nproc) - 1))" -t 3600 "$top/test/bench/ipvs-guest" \
	    "$ipvs_rounds" >"$dir/ipvs"
	ipvs_table
}

ipvs_table() {
	echo
	echo "ipvs: wall ms of whole processes, medians of $ipvs_rounds rounds in one boot"
	ipvs_cells set 'filling' "$dir/ipvs"
	ipvs_cells get 'reading' "$dir/ipvs"
	echo
	printf '%-9s %-9s %8s %8s %12s\n' table what changes ms 'calls/server'
	for t in 1x1000 10x1000 100x100 1000x10; do
		for what in calls getcalls; do
			awk -v t="$t" -v what="$what" '$1 == what && $2 == t {
				split(t, n, "x")
				printf "%-9s %-9s %8s %8s %12.4f\n", t,
				    what == "calls" ? "filling" : "reading", "-", "-", $4 / (n[1] * n[2])
			}' "$dir/ipvs"
		done
		for what in change same; do
			ms=$(ipvs_median "$what" "$t" ours)
			[ "$ms" = - ] || printf '%-9s %-9s %8s %8s %12s\n' "$t" \
			    "$([ "$what" = same ] && echo same || echo 'one other')" \
			    "$([ "$what" = same ] && echo 0 ||
			        awk -v t="$t" '$1 == "messages" && $2 == t && $4 > n { n = $4 } END { print n }' \
			            "$dir/ipvs")" "$ms" -
		done
	done
}

# ipvs_median WHAT TABLE WHO: in milliseconds.
ipvs_median() {
	awk -v a="$1" -v b="$2" -v c="$3" '$1 == a && $2 == b && $3 == c { print $4 / 1000 }' \
	    "$dir/ipvs" | quantiles | cut -d' ' -f3
}

ipvs_cells() {
	printf '%-9s %9s %9s %9s %11s %13s\n' "$2" floor ours ipvsadm ours/floor ipvsadm/ours
	for t in 1x1000 10x1000 100x100 1000x10; do
		echo "$t $(ipvs_median "$1" "$t" floor) $(ipvs_median "$1" "$t" ours)" \
		    "$(ipvs_median "$1" "$t" ipvsadm)" |
		    awk '{ printf "%-9s %9.1f %9.1f %9.1f %11.2f %13.1f\n", $1, $2, $3, $4, $3 / $2, $4 / $3 }'
	done
}
