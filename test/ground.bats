#!/usr/bin/env bats

load helper

@test "the harness joins hosts over IPv4, IPv6 and link-local addresses" {
	hosts a c
	spawn_on a answer udp-probe -s a
	for address in "$(addr_of a)" "$(addr6_of a)"; do
		run -0 on c udp-probe -d 0.02 "$address"
		[[ $output == *" lost=0 "*" last=a" ]]
	done
	on a ip -6 address show dev eth0 scope link | grep -q "$(link_of a)/64"
	on a ip link show dev eth0 | grep -q "$(mac_of a)"
}

@test "the harness counts a client's lost datagrams to the millisecond" {
	hosts a b c
	on a ip address add "$VIP/24" dev eth0
	probe c
	sleep 0.1
	on a ip address delete "$VIP/24" dev eth0
	sleep 0.05
	on b ip address add "$VIP/24" dev eth0
	on c ip neighbour flush dev eth0
	sleep 0.1
	probe_end
	says "$dir/probe.out" 'from=a to=b'
	says_n "$dir/probe.out" gap 1
	[ "$(probe_get last)" = b ]
	outage=$(probe_get outage_ms) lost=$(probe_get lost)
	[ "${outage%.*}" -ge 50 ]
	[ "$lost" -le "${outage%.*}" ]
	[ $(($(probe_get sent) - $(probe_get answered))) -eq "$lost" ]
}

@test "the harness knows from history for how long two hosts held an address" {
	hosts a b c
	history
	on a ip address add "$VIP/24" dev eth0
	sleep 0.05
	on b ip address add "$VIP/24" dev eth0
	held_by 'a b'
	sleep 0.1
	on a ip address delete "$VIP/24" dev eth0
	sleep 0.05
	on b ip address delete "$VIP/24" dev eth0
	sleep 0.1
	on c ip address add "$VIP/24" dev eth0
	eventually 1 says "$dir/history" 'c up'
	[ "$(overlap)" -ge 100 ]
	[ "$(overlap)" -lt 400 ]
	[ "$(longest 0)" -ge 100 ]
	[ "$(longest 3)" -eq 0 ]
}

@test "the harness cuts one way, both ways, and heals" {
	hosts a c
	spawn_on a answer udp-probe -s a
	spawn_on a tcp tcpdump -n -i eth0 -l udp
	eventually says "$dir/tcp.err" listening
	on c udp-probe -d 0.02 "$(addr_of a)" | grep ' lost=0 '
	cut_from a c
	on c udp-probe -d 0.02 "$(addr_of a)" | grep ' answered=0 '
	eventually says "$dir/tcp.out" "$(addr_of a).7007 >"
	heal
	on c udp-probe -d 0.02 "$(addr_of a)" | grep ' lost=0 '
	cut a c
	on c udp-probe -d 0.02 "$(addr_of a)" | grep ' answered=0 '
	heal
	unplug a
	eventually 1 sh -c 'ip -n a link show dev eth0 | grep -q NO-CARRIER'
	on c udp-probe -d 0.02 "$(addr_of a)" | grep ' answered=0 '
	plug a
	eventually 2 sh -c 'ip netns exec c udp-probe -d 0.02 192.168.153.11 | grep " lost=0 "'
}

@test "the harness loses about as many frames as it is told" {
	hosts a c
	spawn_on a answer udp-probe -s a
	on c udp-probe -d 0.02 "$(addr_of a)" | grep ' lost=0 '
	lose a c 30
	lost=$(on c udp-probe -d 1 "$(addr_of a)" | sed -n 's/^total.* lost=\([0-9]*\).*/\1/p')
	echo "lost $lost"
	[ "$lost" -ge 350 ]
	[ "$lost" -le 700 ]
}

@test "the harness ends what it started with the test" {
	hosts a
	spawn_on a sleeper sh -c 'setsid sleep 1000 & exec sleep 1000'
	pid=$(pid_of sleeper)
	eventually 2 sh -c '[ "$(ip netns pids a | wc -l)" -eq 2 ]'
	pids=$(ip netns pids a)
	BATS_TEST_COMPLETED=1 teardown
	for p in $pids; do
		eventually 2 gone "$p"
	done
	not ip link show br0
	[ -z "$(ip netns list)" ]
	HOSTS=
	hosts a b
}

@test "eventually, always and never keep their deadlines" {
	start=$(now)
	run ! eventually 0.2 false
	[ $(($(now) - start)) -ge 200000 ]
	always 0.1 true
	never 0.1 false
	run ! always 0.1 false
	run ! never 0.1 true
}
