#!/usr/bin/env bats
# What ipvs-set can show without a kernel that has IPVS, and lib/ipvs; the rest is in test/ipvs/.

load helper

s='service s tcp 192.0.2.1:80'

# refuses WORD-AND-REASON LINE...: the last line is refused so, before the kernel is looked for.
refuses() {
	local want=$1
	shift
	printf '%s\n' "$@" >"$dir/in"
	run -78 ipvs-set "$dir/in"
	[ "$output" = "ipvs-set: $dir/in:$#: $want" ] || fail "$output"
}

@test "ipvs-set refuses a wrong call" {
	for words in '-q' 'a b' '-n' '-r 1s x' '-d 1 x' '-m 0 x' '-v'; do
		run -64 ipvs-set $words </dev/null
		[[ $output == *'usage: ipvs-set'* ]]
	done
	run -74 ipvs-set "$dir/none"
	[ "$output" = "ipvs-set: $dir/none: No such file or directory" ]
}

@test "ipvs-set refuses bad records by file, line and word" {
	refuses 'spam: unknown attribute' '# x' "$s spam"
	refuses 'sched=RR: not the name of a scheduler' "$s sched=RR"
	refuses 't: no such service' "$s" 'server t 192.0.2.11:80'
	refuses 'spam: not a kind of record' 'spam x'
	refuses 'Spam: not a kind of record' 'Spam x'
	refuses 'mode=: dr and tun do not change the port: it is the service'\''s' "$s" \
	    'server s 192.0.2.11:81 mode=dr'
}

@test "ipvs-set refuses bad lines of ipvsadm by file, line and word" {
	a='-A -t 192.0.2.1:80'
	refuses '-Q: not an option that states a service or a server' '-Q'
	refuses '-D: not an option that states a service or a server' "$a" '-D -t 192.0.2.1:80'
	refuses 'x:80: not a numeric address and port' '-A -t x:80'
	refuses '-t: no value' '-A -t'
	refuses '-A: options of a service and of a server in one line' "$a -w 1"
	refuses '-1: not a number, or too large' "$a" '-a -t 192.0.2.1:80 -r 192.0.2.2 -w -1'
	refuses '-s: said twice' "$a -s rr -s rr"
	refuses 'tcp-192.0.2.2-80: no such service' "$a" '-a -t 192.0.2.2:80 -r 192.0.2.3'
	refuses '-b: flags of another scheduler' "$a -s rr -b mh-port"
	refuses 'ipvsadm: no -A or -a' 'ipvsadm -t 192.0.2.1:80'
}

@test "ipvs-set takes ipvsadm's lines with comments, long names and the command's name" {
	! grep -q '^ip_vs ' /proc/modules || skip 'this kernel has it'
	cat >"$dir/in" <<-'END'
		# a comment

		ipvsadm --add-service --tcp-service 192.0.2.1:80 --scheduler=wrr --persistent
		-a -t 192.0.2.1:80 -r 192.0.2.2 -x 5 -y 1 -w70000
		  -a -t 192.0.2.1:80 --real-server [2001:db8::1] --ipip --tun-type gue --tun-port 6080
		-A -f 7 -6 -sfo -p 60 --netmask 64
		-a -f 7 -6 -r [2001:db8::2]:0 --masquerading
	END
	run -69 ipvs-set "$dir/in"
	[ "$output" = 'ipvs-set: no IPVS in this kernel: needs the module ip_vs' ]
}

@test "ipvs-set exits 69 where the kernel has no IPVS, also as a filter" {
	! grep -q '^ip_vs ' /proc/modules || skip 'this kernel has it'
	run -69 ipvs-set <<<"$s"
	[ "$output" = 'ipvs-set: no IPVS in this kernel: needs the module ip_vs' ]
}

@test "lib/ipvs leads from any table to any other with a change an entry; text and messages come back" {
	run -0 ipvs
	[ -z "$output" ]
}
