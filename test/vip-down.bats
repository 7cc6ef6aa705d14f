#!/usr/bin/env bats
# vip-down: what it takes down, what it leaves, and that it may be told twice.

load helper

# all: every address of a but lo's, one a line.
all() {
	ip -n a -o address show | awk '$2 != "lo" { print $4 }' | sort
}

@test "vip-down takes down what vip-up put up, and may be told twice" {
	hosts a
	before=$(all)
	on a vip-up eth0 "$VIP/24" "$VIP6/64"
	held_by a
	for i in 1 2; do
		run -0 on a vip-down eth0 "$VIP" "$VIP6/64"
		[ -z "$output" ]
		[ "$(all)" = "$before" ]
	done
}

@test "vip-down takes a word with a length exactly, without one whatever its length is" {
	hosts a
	on a vip-up eth0 10.0.0.1/24 10.0.0.1/32
	on a vip-down eth0 10.0.0.1/25
	all | grep -qx 10.0.0.1/24
	on a vip-down eth0 10.0.0.1/24
	not sh -c 'ip -n a -o address | grep -q "10.0.0.1/24"'
	all | grep -qx 10.0.0.1/32
	on a vip-up eth0 10.0.0.1/24
	on a vip-down eth0 10.0.0.1
	not has a 10.0.0.1
}

@test "vip-down takes down what is named, whoever put it up, on that interface alone" {
	hosts a
	on a ip address add 10.0.0.1/24 dev eth0
	on a vip-up lo 10.0.0.1/32
	on a vip-down eth0 10.0.0.1
	not sh -c 'ip -n a -o address show dev eth0 | grep -q 10.0.0.1'
	has a 10.0.0.1
}

@test "vip-down takes down the near end of a point-to-point link" {
	hosts a
	on a ip address add 10.0.0.1 peer 10.9.9.9 dev eth0
	on a ip address add fd00:9::1 peer fd00:9::2 dev eth0
	on a vip-down eth0 10.0.0.1 fd00:9::1
	not has a 10.0.0.1
	not has a fd00:9::1
}

@test "vip-down takes no other address of the subnet with it" {
	hosts a
	on a vip-up eth0 10.0.0.1/24 10.0.0.2/24 10.0.0.3/24
	on a ip address add 10.0.0.4/24 dev eth0
	on a vip-down eth0 10.0.0.1
	all | grep -c '^10\.' | grep -qx 3
	on a vip-down --all
	[ "$(all | grep '^10\.')" = 10.0.0.4/24 ]
}

@test "vip-down sets nothing where nothing would go along" {
	hosts a
	on a vip-up eth0 10.0.0.1/24 10.0.0.2/24
	echo 0 | on a tee /proc/sys/net/ipv4/conf/eth0/promote_secondaries
	on a vip-down --all
	not has a 10.0.0.0/24
	[ "$(on a cat /proc/sys/net/ipv4/conf/eth0/promote_secondaries)" = 0 ]
}

@test "vip-down --all removes what carries our tag, on every interface, and nothing else" {
	hosts a
	before=$(all)
	on a ip link add v1 type veth peer name v2
	on a vip-up eth0 "$VIP/24" "$VIP6/64"
	on a vip-up -l 100s v1 10.0.0.1/24
	on a vip-up lo 10.0.0.2
	for i in 1 2; do
		run -0 on a vip-down --all
		[ -z "$output" ]
		[ "$(all)" = "$before" ]
		not has a 10.0.0.2
	done
	on a vip-up eth0 "$VIP/24"
	on a vip-down -a
	[ "$(all)" = "$before" ]
}

@test "vip-down --all removes what a killed vip-up has left behind" {
	hosts a
	pipeline a "router web if=eth0 vrid=51
address web $VIP/24 lease=none" vip-up
	tell a 'state web MASTER from=BACKUP'
	eventually 2 has a
	kill -KILL "$(pid_of a.vip-up)"
	eventually 1 gone "$(pid_of a.vip-up)"
	on a vip-down --all
	held_by ''
}

@test "vip-down removes 3000 addresses at once" {
	hosts a
	before=$(all)
	for i in $(seq 0 2999); do
		echo "10.$((i / 250)).0.$((i % 250))/32"
	done >"$dir/many"
	xargs -n 1000 ip netns exec a vip-up eth0 <"$dir/many"
	[ "$(all | grep -c '^10\.')" -eq 3000 ]
	on a vip-down --all
	[ "$(all)" = "$before" ]
}

@test "vip-down exits 0 for an interface that is not there, and says so" {
	hosts a
	run -0 on a vip-down eth9 "$VIP"
	[ "$output" = 'vip-down: eth9: No such device' ]
}

@test "vip-down without CAP_NET_ADMIN exits 77 and names it" {
	need setpriv
	hosts a
	on a vip-up eth0 "$VIP/24"
	for words in "eth0 $VIP" --all; do
		run -77 on a setpriv --reuid=65534 --clear-groups --bounding-set=-all vip-down $words
		[ "$output" = "vip-down: $VIP/24: not permitted: needs CAP_NET_ADMIN" ]
	done
	held_by a
}

@test "vip-down --all says so where the kernel keeps no tag" {
	need cc
	hosts a
	# A kernel before 5.18 does not look at IFA_PROTO: the question about it ends in ENODEV.
	cat >"$dir/old.c" <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <errno.h>
		#include <linux/netlink.h>
		#include <sys/socket.h>
		ssize_t recvmsg(int fd, struct msghdr *m, int flags)
		{
			ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
			ssize_t n = real(fd, m, flags);
			struct nlmsghdr *h = m->msg_iov->iov_base;
			struct nlmsgerr *e = NLMSG_DATA(h);
			if (n > 0 && h->nlmsg_type == NLMSG_ERROR && e->error == -ERANGE)
				e->error = -ENODEV;
			return n;
		}
	END
	cc -shared -fPIC -o "$dir/old.so" "$dir/old.c"
	run -69 on a env LD_PRELOAD="$dir/old.so" ASAN_OPTIONS=verify_asan_link_order=0 vip-down --all
	[[ $output == *'this kernel keeps no tag'* ]]
}

@test "vip-down says what is wrong with its words, and touches nothing" {
	hosts a
	on a vip-up eth0 "$VIP/24"
	for words in '' eth0 "eth0 $VIP 192.0.2.300" "eth9 $VIP/33" "--all eth0" "-a $VIP" -x; do
		run -64 on a vip-down $words
		[[ $output == vip-down:* ]]
	done
	held_by a
}

@test "vip-down --all with operands takes down what is named and ours, nothing else" {
	hosts a
	on a ip address add 10.0.0.1/24 dev eth0
	on a vip-up eth0 10.0.0.2/24 10.0.0.3/24
	run -0 on a vip-down -a eth0 10.0.0.1 10.0.0.2
	[ "$(all | grep -F 10.0.0 | xargs)" = '10.0.0.1/24 10.0.0.3/24' ]
}
