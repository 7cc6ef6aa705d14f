# A master that was cut off for five seconds and comes back: the client must find it, whoever's
# advert is the first to be heard. All heals run at once, each in a network of its own.

load helper
load peers

setup_file() {
	local phase
	need root
	for phase in 0 1 2 3 4 5 6 7 8 9; do
		echo "heal:$phase ${OURS:-ours} v2"
	done | play 8
}

teardown_file() {
	play_no_more
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.0" {
	outcome heal:0 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.1" {
	outcome heal:1 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.2" {
	outcome heal:2 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.3" {
	outcome heal:3 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.4" {
	outcome heal:4 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.5" {
	outcome heal:5 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.6" {
	outcome heal:6 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.7" {
	outcome heal:7 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.8" {
	outcome heal:8 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}

@test "vrrp-elect and garp lead the client back after a partition, healed at phase 0.9" {
	outcome heal:9 "${OURS:-ours}" v2
	[ "$(figure outage)" -le 1000 ]
}
