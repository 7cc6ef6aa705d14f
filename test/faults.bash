# faults.bash - two nodes, and one fault of the processes of one of them
# shellcheck shell=bash disable=SC2034,SC2154
#
# usage: bash faults.bash kill|stop|freeze:PROCESS ours|keepalived holder|backup FOLDER
#
# kill is -9; stop is SIGSTOP, and SIGCONT after 8 s; freeze stops vip-run along, so that nobody
# is there to help. PROCESS is a stage, `all` of the node, or of keepalived `parent` or `child`.
# Prints a line of figures: for how long two had the address and for how long nobody, who has it
# in the end, how soon after the SIGCONT the node sent a priority above 0 that it had not been
# sending (- for never), and whether an elector runs wherever the address is.

set -u
BATS_TEST_TMPDIR=$4
bats_require_minimum_version() { :; }
here=${BASH_SOURCE[0]%/*}
. "$here/helper.bash"
. "$here/peers.bash"

# Seconds: until both have heard two adverts, of the stop, and for what comes of the fault,
# where four adverts and a lease are seven.
SETTLE=2.2 STOPPED=8 AFTERWARDS=8

# wait_for SECONDS FILE PATTERN: looks seldom, as many of us run at once.
wait_for() {
	local end=$((${EPOCHREALTIME/[.,]/} + $(us "$1")))
	until [ -e "$2" ] && [[ $(<"$2") == *$3* ]]; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || fail "not within $1 s in $2: $3" || return
		nap 0.1
	done
}

begin() {
	local d
	for d in /run/netns /run/viptools; do
		mount -t tmpfs none "$d" || return
	done
	: >"$dir/bystanders"
	hosts a b
	form v3 1000
	start "$kind" a 150 "$(extra)" && is_told a MASTER || return
	start "$kind" b 90 "$(extra)" && is_told b BACKUP || return
	sleep "$SETTLE"
	tapped=$(now)
	spawn wiretap br0 >"$dir/tap"
	history "$vip"
	held_by a "$vip"
}

# is_told HOST STATE: by its own node.
is_told() {
	case $kind in
	ours) wait_for 40 "/run/viptools/$1/web" "$2" ;;
	*) wait_for 40 "$dir/$1.keepalived.err" "Entering $2 STATE" ;;
	esac
}

extra() {
	[ "$kind" = keepalived ] || echo 'startup=0s preempt=no'
}

# victims PROCESS: its pids.
victims() {
	case $1 in
	all) others "$node" ;;
	parent) pid_of "$node.keepalived" ;;
	child) ps -o pid= --ppid "$(pid_of "$node.keepalived")" ;;
	*) awk -v name="$1" '$3 == name { pid = $1 } END { print pid }' \
	    "/run/viptools/$node/.stages" ;;
	esac
}

# Of all processes of a node none must see another go and act on it.
inflict() {
	local pids
	pids=$(victims "$2")
	[ "$1" != freeze ] || pids="$(victims vip-run) $pids"
	[ -n "$pids" ] || fail "no process: $2" || return
	case $1:$2 in
	kill:all) kill -STOP $pids && kill -KILL $pids ;;
	kill:*) kill -KILL $pids ;;
	*)
		kill -STOP $pids || return
		sleep "$STOPPED"
		resumed=$(($(now) - tapped))
		kill -CONT $pids 2>/dev/null
		;;
	esac
	return 0
}

# Who sent in the last second and a half before the SIGCONT had not lost the address.
spoke() {
	[ -n "$resumed" ] || { echo - && return; }
	awk -v mac="$(mac_of "$node")" -v t="$resumed" '
	BEGIN { early = 0.3; t = t / 1e6 - early } # wiretap began to count later than we did
	$2 == mac && $3 == "advert" && $5 > 0 {
		if ($1 > t - 1.5 && $1 < t) { went_on = 1; exit }
		if ($1 >= t) {
			late = $1 - t - early
			printf "%dms\n", (late > 0 ? late * 1000 : 0)
			said = 1
			exit
		}
	}
	END { if (went_on || !said) print "-" }' "$dir/tap"
}

# Where the address is in the end, and whether an elector is there too.
survey() {
	local h elector=vrrp-elect
	[ "$kind" = ours ] || elector=keepalived
	in_the_end='' alone=no
	for h in a b; do
		serves "$h" || continue
		in_the_end=$in_the_end$h
		ip netns pids "$h" | xargs -r ps -o comm= -p | grep -q "$elector" || alone=yes
	done
}

main() {
	fault=${1%%:*} process=${1#*:} kind=$2 node=a resumed=''
	[ "$3" = holder ] || node=b
	begin || return
	inflict "$fault" "$process" || return
	sleep "$AFTERWARDS"
	survey
	echo "both=$(overlap)ms nobody=$(longest 0)ms end=${in_the_end:--} spoke=$(spoke)" \
	    "orphan=$alone"
}

main "$@"
