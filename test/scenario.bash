# scenario.bash - one story of two nodes and a client, in a network of its own
# shellcheck shell=bash disable=SC2034,SC2154
#
# usage: bash scenario.bash SCENARIO[:ARGUMENT] PEER FORM FOLDER
#
# a is `ours`, b is the peer. Exit status 0 and a line of figures, or 1 and what is wrong.

set -u
BATS_TEST_TMPDIR=$4
bats_require_minimum_version() { :; }
here=${BASH_SOURCE[0]%/*}
. "$here/helper.bash"
. "$here/peers.bash"
us=${OURS:-ours}

# holds_on HOST: from now on it alone serves, and its node answers the client.
holds_on() {
	eventually "$patience" only "$1" || { who; return 1; }
	always 0.5 only "$1" || { who; return 1; }
	client_reaches "$1" || fail "the client is not served by $1"
}

client_reaches() {
	eventually 3 reached "$1"
}

reached() {
	[ "$(on c timeout 1 udp-probe -i 10 -d 0.05 "$vip" | sed -n 's/^total.* last=//p')" = "$1" ]
}

who() {
	ip -n a -br address show >&2
	ip -n b -br address show >&2
	tail -n 5 "$dir"/*.err "$dir"/*keepalived.out "$dir"/*vrrpd.out >&2 2>/dev/null
}

begin() {
	for d in /run/netns /run/viptools /run/frr /var/tmp; do
		mount -t tmpfs none "$d" || return
	done
	hosts a b c
	form "$1"
	patience=$((advert * 5 / 1000 + 4))
	spawn_on a answer-a udp-probe -s a && bystander
	spawn_on b answer-b udp-probe -s b && bystander
	HOSTS=$([ "$peer" = frr ] && echo a c || echo a b c) history "$vip"
	: >"$dir/links"
	spawn ip -n b -ts -o monitor link >"$dir/links" && bystander
}

we_stop() {
	start "$us" a 150 && eventually "$patience" only a || return
	start "$peer" b 90 && settle || return
	holds_on a || return
	stop "$us" a && holds_on b
}

they_stop() {
	start "$peer" b 150 && eventually "$patience" only b || return
	start "$us" a 90 && settle || return
	holds_on b || return
	stop "$peer" b && holds_on a
}

we_preempt() {
	start "$peer" b 90 && eventually "$patience" only b || return
	start "$us" a 150 && holds_on a
}

# Our announcements go on for a second; vrrpd makes one alone, before its first advert.
they_preempt() {
	start "$us" a 90 && eventually "$patience" only a && always 1.2 only a || return
	start "$peer" b 150 && holds_on b
}

# The lease takes our address away; nothing needs to survive for that.
we_die() {
	start "$us" a 150 && eventually "$patience" only a || return
	start "$peer" b 90 && settle || return
	holds_on a || return
	slay a
	holds_on b
}

# What the peer leaves on its interface stays there, so its node must go as well.
they_die() {
	start "$peer" b 150 && eventually "$patience" only b || return
	start "$us" a 90 && settle || return
	holds_on b || return
	slay b
	unplug b
	holds_on a
}

# And without that: what is left after the time that a lease takes.
they_die_alone() {
	start "$peer" b 150 && eventually "$patience" only b || return
	start "$us" a 90 && settle || return
	slay b
	eventually "$patience" serves a
	sleep 0.1
	serves b && echo "both hold it after kill -9 of $peer" || echo "one holds it"
}

# heal PHASE: a is cut off for five seconds, then found again PHASE tenths of a second after one
# of its adverts, so that now its advert comes first, now that of b.
heal_at() {
	start "$us" a 150 && eventually "$patience" only a || return
	start "$peer" b 90 && settle && holds_on a || return
	spawn wiretap br0 >"$dir/tap"
	cut a b
	cut a c
	always 5 serves a
	serves b && client_reaches b || fail 'b did not take over' || return
	spawn_on c probe udp-probe -i 10 "$vip"
	at_phase "$1" || return
	heal
	eventually 2 only a && eventually 15 reached a
}

at_phase() {
	local n i
	n=$(adverts_of a)
	eventually 2 more_adverts a "$n" || return
	for ((i = 0; i < $1; i++)); do
		sleep 0.1
	done
}

adverts_of() {
	grep -c "$(mac_of "$1") advert" "$dir/tap"
}

more_adverts() {
	[ "$(adverts_of "$1")" -gt "$2" ]
}

# Two adverts, so that both have heard who is there.
settle() {
	sleep "$(awk -v ms="$advert" 'BEGIN { print 0.3 + 2 * ms / 1000 }')"
}

main() {
	local d
	peer=$2
	begin "$3" || return
	case $1 in
	heal:*) heal_at "${1#*:}" ;;
	*) spawn_on c probe udp-probe -i 10 "$vip"
		"$1"
		;;
	esac || return
	kill -TERM "$(pid_of probe)"
	eventually 5 says "$dir/probe.out" total || return
	[ "$peer" != frr ] || frr_history
	echo "overlap=$(overlap)ms outage=$(probe_get outage_ms)ms"
}

main "$@"
