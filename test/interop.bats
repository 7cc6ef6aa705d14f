# What a viptools node and a node of another make do together. All scenarios run at once, each
# in a network of its own (scenario.bash); each test waits for one and judges it.

load helper
load peers

setup_file() {
	need keepalived zebra vrrpd
	scenarios | play 5
}

teardown_file() {
	play_no_more
}

# The slow ones, of version 2, begin first.
scenarios() {
	local form peer scenario
	for form in v2 v2-password v3 v3-ipv6; do
		for peer in keepalived frr; do
			[ "$peer $form" != 'frr v2-password' ] || continue
			for scenario in we_die they_die they_stop we_stop we_preempt they_preempt; do
				echo "$scenario $peer $form"
			done
		done
	done
	echo they_die_alone keepalived v2
	echo they_die_alone keepalived v3
}

# overlapped_at_most MS: two nodes held it for no longer.
overlapped_at_most() {
	[ "$(figure overlap)" -le "$1" ]
}

@test "vrrp-elect stops and keepalived serves on (version 2)" {
	outcome we_stop keepalived v2
	overlapped_at_most 300
}

@test "vrrp-elect takes over when keepalived stops (version 2)" {
	outcome they_stop keepalived v2
	overlapped_at_most 300
}

@test "vrrp-elect preempts keepalived (version 2)" {
	outcome we_preempt keepalived v2
	overlapped_at_most 300
}

@test "vrrp-elect yields to keepalived of higher priority (version 2)" {
	outcome they_preempt keepalived v2
	overlapped_at_most 300
}

@test "vip-up leaves the address to keepalived when all of its node is killed (version 2)" {
	outcome we_die keepalived v2
	overlapped_at_most 3500
}

@test "vrrp-elect takes over when the node of keepalived dies (version 2)" {
	outcome they_die keepalived v2
}

@test "vrrp-elect stops and keepalived serves on (version 2 with a password)" {
	outcome we_stop keepalived v2-password
	overlapped_at_most 300
}

@test "vrrp-elect takes over when keepalived stops (version 2 with a password)" {
	outcome they_stop keepalived v2-password
	overlapped_at_most 300
}

@test "vrrp-elect preempts keepalived (version 2 with a password)" {
	outcome we_preempt keepalived v2-password
	overlapped_at_most 300
}

@test "vrrp-elect yields to keepalived of higher priority (version 2 with a password)" {
	outcome they_preempt keepalived v2-password
	overlapped_at_most 300
}

@test "vip-up leaves the address to keepalived when all of its node is killed (version 2 with a password)" {
	outcome we_die keepalived v2-password
	overlapped_at_most 3500
}

@test "vrrp-elect takes over when the node of keepalived dies (version 2 with a password)" {
	outcome they_die keepalived v2-password
}

@test "vrrp-elect stops and keepalived serves on (version 3)" {
	outcome we_stop keepalived v3
	overlapped_at_most 300
}

@test "vrrp-elect takes over when keepalived stops (version 3)" {
	outcome they_stop keepalived v3
	overlapped_at_most 300
}

@test "vrrp-elect preempts keepalived (version 3)" {
	outcome we_preempt keepalived v3
	overlapped_at_most 300
}

@test "vrrp-elect yields to keepalived of higher priority (version 3)" {
	outcome they_preempt keepalived v3
	overlapped_at_most 300
}

@test "vip-up leaves the address to keepalived when all of its node is killed (version 3)" {
	outcome we_die keepalived v3
	overlapped_at_most 3500
}

@test "vrrp-elect takes over when the node of keepalived dies (version 3)" {
	outcome they_die keepalived v3
}

@test "vrrp-elect stops and keepalived serves on (version 3 over IPv6)" {
	outcome we_stop keepalived v3-ipv6
	overlapped_at_most 300
}

@test "vrrp-elect takes over when keepalived stops (version 3 over IPv6)" {
	outcome they_stop keepalived v3-ipv6
	overlapped_at_most 300
}

@test "vrrp-elect preempts keepalived (version 3 over IPv6)" {
	outcome we_preempt keepalived v3-ipv6
	overlapped_at_most 300
}

@test "vrrp-elect yields to keepalived of higher priority (version 3 over IPv6)" {
	outcome they_preempt keepalived v3-ipv6
	overlapped_at_most 300
}

@test "vip-up leaves the address to keepalived when all of its node is killed (version 3 over IPv6)" {
	outcome we_die keepalived v3-ipv6
	overlapped_at_most 3500
}

@test "vrrp-elect takes over when the node of keepalived dies (version 3 over IPv6)" {
	outcome they_die keepalived v3-ipv6
}

@test "vrrp-elect stops and FRR's vrrpd serves on (version 2)" {
	outcome we_stop frr v2
	overlapped_at_most 300
}

@test "vrrp-elect takes over when FRR's vrrpd stops (version 2)" {
	outcome they_stop frr v2
	overlapped_at_most 300
}

@test "vrrp-elect preempts FRR's vrrpd (version 2)" {
	outcome we_preempt frr v2
	overlapped_at_most 300
}

@test "vrrp-elect yields to FRR's vrrpd of higher priority (version 2)" {
	outcome they_preempt frr v2
	overlapped_at_most 300
}

@test "vip-up leaves the address to FRR's vrrpd when all of its node is killed (version 2)" {
	outcome we_die frr v2
	overlapped_at_most 3500
}

@test "vrrp-elect takes over when the node of FRR's vrrpd dies (version 2)" {
	outcome they_die frr v2
}

@test "vrrp-elect stops and FRR's vrrpd serves on (version 3)" {
	outcome we_stop frr v3
	overlapped_at_most 300
}

@test "vrrp-elect takes over when FRR's vrrpd stops (version 3)" {
	outcome they_stop frr v3
	overlapped_at_most 300
}

@test "vrrp-elect preempts FRR's vrrpd (version 3)" {
	outcome we_preempt frr v3
	overlapped_at_most 300
}

@test "vrrp-elect yields to FRR's vrrpd of higher priority (version 3)" {
	outcome they_preempt frr v3
	overlapped_at_most 300
}

@test "vip-up leaves the address to FRR's vrrpd when all of its node is killed (version 3)" {
	outcome we_die frr v3
	overlapped_at_most 3500
}

@test "vrrp-elect takes over when the node of FRR's vrrpd dies (version 3)" {
	outcome they_die frr v3
}

@test "vrrp-elect stops and FRR's vrrpd serves on (version 3 over IPv6)" {
	outcome we_stop frr v3-ipv6
	overlapped_at_most 300
}

@test "vrrp-elect takes over when FRR's vrrpd stops (version 3 over IPv6)" {
	outcome they_stop frr v3-ipv6
	overlapped_at_most 300
}

@test "vrrp-elect preempts FRR's vrrpd (version 3 over IPv6)" {
	outcome we_preempt frr v3-ipv6
	overlapped_at_most 300
}

@test "vrrp-elect yields to FRR's vrrpd of higher priority (version 3 over IPv6)" {
	outcome they_preempt frr v3-ipv6
	overlapped_at_most 300
}

@test "vip-up leaves the address to FRR's vrrpd when all of its node is killed (version 3 over IPv6)" {
	outcome we_die frr v3-ipv6
	overlapped_at_most 3500
}

@test "vrrp-elect takes over when the node of FRR's vrrpd dies (version 3 over IPv6)" {
	outcome they_die frr v3-ipv6
}

@test "keepalived killed with -9 leaves its address behind, and two nodes hold it" {
	outcome they_die_alone keepalived v2
	grep 'both hold' "$BATS_FILE_TMPDIR/they_die_alone-keepalived-v2/log"
	outcome they_die_alone keepalived v3
}
