#!/usr/bin/env bats
# What the death and the standstill of processes do to an address, at adverts of one second. All
# faults happen at once, each to two nodes of its own (faults.bash); the tests judge what came of
# them. The last prints all of it, beside keepalived.

load helper
load peers

STAGES='cat vrrp-watch vrrp-elect vrrp-advert vip-up garp'
PROCESSES="$STAGES follow vip-run all"

setup_file() {
	need keepalived
	faults | play 30 faults.bash
}

teardown_file() {
	play_no_more
}

# The slow ones first.
faults() {
	local fault p role
	for role in holder backup; do
		for p in $STAGES; do
			echo "freeze:$p ours $role"
		done
	done
	for fault in stop kill; do
		for role in holder backup; do
			for p in $PROCESSES; do
				echo "$fault:$p ours $role"
			done
			for p in child parent all; do
				echo "$fault:$p keepalived $role"
			done
		done
	done
}

# result FAULT KIND ROLE: waits for it; its figures in $figures.
result() {
	local d=$BATS_FILE_TMPDIR/$1-$2-$3
	eventually 150 test -e "$d/status"
	[ "$(cat "$d/status")" -eq 0 ] || { cat "$d/log" && fail "$*"; } || return
	figures=$(tail -n 1 "$d/log")
}

# get NAME: one figure, times in milliseconds.
get() {
	local value=" $figures "
	value=${value#* "$1"=}
	value=${value%% *}
	echo "${value%ms}"
}

# survive FAULT ROLE PROCESS...: never two holders for longer than a lease and half a second; one
# again within four adverts and a lease; no address without an elector; nobody who stood still
# speaks before he has listened.
survive() {
	local fault=$1 role=$2 bad=0 p
	shift 2
	for p; do
		result "$fault:$p" ours "$role" || { bad=1 && continue; }
		[[ $(get both) -le 3500 && $(get nobody) -le 7000 && $(get end) = [ab] &&
			$(get orphan) = no && ($(get spoke) = - || $(get spoke) -ge 3000) ]] ||
		    { echo "$fault:$p of the $role: $figures" && bad=1; }
	done
	return $bad
}

# The backup's troubles are its own.
touch_nobody() {
	local fault=$1 bad=0 p
	shift
	for p; do
		result "$fault:$p" ours backup || { bad=1 && continue; }
		[[ "$(get both) $(get nobody) $(get end)" = '0 0 a' ]] ||
		    { echo "$fault:$p of the backup: $figures" && bad=1; }
	done
	return $bad
}

@test "vip-run leaves one holder when a process of the holder is killed" {
	survive kill holder $PROCESSES
}

@test "vip-run leaves one holder when a process of the holder stands still for 8 s" {
	survive stop holder $PROCESSES
}

@test "vip-up's pipeline leaves one holder when vip-run stands still along with a stage" {
	survive freeze holder $STAGES
}

@test "vip-run troubles nobody when a process of the backup is killed" {
	survive kill backup $PROCESSES
	touch_nobody kill $PROCESSES
}

@test "vip-run troubles nobody when a process of the backup stands still for 8 s" {
	survive stop backup $PROCESSES
	touch_nobody stop $PROCESSES
}

@test "vip-up's pipeline troubles nobody when vip-run stands still along with a stage" {
	survive freeze backup $STAGES
	touch_nobody freeze $STAGES
}

# line FAULT ROLE PROCESS PEER-PROCESS: all that keepalived does is in one process, its child.
line() {
	local ours theirs=--
	result "$1:$3" ours "$2" && ours="$(get both) $(get nobody) $(get end) $(get spoke)"
	[ -z "$4" ] || { result "$1:$4" keepalived "$2" &&
		theirs="$(get both) $(get nobody) $(get end) $(get spoke)"; }
	# shellcheck disable=SC2086
	printf '# %-6s %-6s %-11s | %6s %6s %-4s %6s | %6s %6s %-4s %6s\n' "$1" "$2" "$3" \
	    $ours ${theirs/--/- - - -} >&3
}

@test "keepalived, the same faults of its own processes" {
	printf '# %-25s | %-25s | %s\n' 'milliseconds' viptools 'keepalived' \
	    'fault  of the process' '  both nobody end   spoke' '  both nobody end   spoke' >&3
	for fault in kill stop freeze; do
		for role in holder backup; do
			for p in $STAGES follow; do
				[ "$fault$p" = freezefollow ] ||
				    line "$fault" "$role" "$p" "$([ "$fault" = freeze ] || echo child)"
			done
			[ "$fault" = freeze ] || line "$fault" "$role" vip-run parent
			[ "$fault" = freeze ] || line "$fault" "$role" all all
		done
	done
}
