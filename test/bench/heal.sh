# heal.sh - how long a client goes unserved when a partition of five seconds has healed
# shellcheck shell=sh disable=SC2154

# The scenario of test/heal.bats at four phases, for each side.
bench_heal() {
	mkdir -p /run/netns /run/viptools /run/frr
	for side in $sides; do
		log "heal: $side"
		for phase in 0 3 6 9; do
			heal_play "$side" "$phase" &
			echo $!
		done >"$dir/plays"
		while read -r p; do
			wait "$p" || :
		done <"$dir/plays"
	done
	heal_table
}

heal_play() {
	d=$dir/heal-$1-$2
	mkdir -p "$d"
	OURS=$1 VIPTOOLS_PRIVATE=yes BUILD=$build unshare --mount --net --pid --fork --mount-proc \
	    --kill-child bash "$top/test/scenario.bash" "heal:$2" "$1" v2 "$d" >"$d/log" 2>&1
}

heal_table() {
	echo
	echo 'heal: a master comes back from a partition of 5 s, this long after one of its adverts:'
	echo 'the time in which its client was not served, ms (version 2, adverts 1 s)'
	printf '%-11s %8s %8s %8s %8s\n' who 0.0s 0.3s 0.6s 0.9s
	for side in $sides; do
		set -- "$side"
		for phase in 0 3 6 9; do
			set -- "$@" "$(sed -n 's/.*outage=\(.*\)ms/\1/p' "$dir/heal-$side-$phase/log")"
		done
		printf '%-11s %8s %8s %8s %8s\n' "$@"
	done
}
