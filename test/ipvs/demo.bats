#!/usr/bin/env bats
# The story of share/demo -b, in namespaces of its own.

load ../helper

BATS_TEST_TIMEOUT=600

# lost PART: how many requests failed in it.
lost() {
	sed -n "s/^$1 .* ms *\([0-9]*\)$/\1/p" "$dir/story"
}

@test "the demo of two directors keeps the client served" {
	VIPTOOLS_DEMO=inside "$TOP/test/private" "$TOP/share/demo" -b >"$dir/story" 2>&1 || {
		cat "$dir/story"
		false
	}
	sed -n '/^What the client/,$s/^/# /p' "$dir/story" >&3
	for part in 'both servers work' 'nginx on s1 is started again' 'both are started again'; do
		[ "$(lost "$part")" -eq 0 ]
	done
	[ "$(lost 'nginx on s1 is killed')" -gt 0 ]
	says "$dir/story" 'All is gone again'
}
