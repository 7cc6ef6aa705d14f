#!/usr/bin/env bats
# What ipvs-get can show without a kernel that has IPVS; the rest is in test/ipvs/.

load helper

@test "ipvs-get refuses a wrong call" {
	for words in '-x' 'x' '-jS' '-s x'; do
		run -64 ipvs-get $words
		[[ $output == *'usage: ipvs-get'* ]]
	done
}

@test "ipvs-get exits 69 where the kernel has no IPVS, and says which module it needs" {
	! grep -q '^ip_vs ' /proc/modules || skip 'this kernel has it'
	run -69 ipvs-get
	[ "$output" = 'ipvs-get: no IPVS in this kernel: needs the module ip_vs' ]
}
