#!/usr/bin/env bats
# README.md says what is so.

load helper

# listing_after TEXT: the indented block that follows the line with TEXT.
listing_after() {
	awk -v text="$1" '
	index($0, text) { found = 1; next }
	found && /^    / { print substr($0, 5); seen = 1; next }
	seen { exit }' "$TOP/README.md"
}

@test "README.md shows exactly what vrrp-watch prints of the story" {
	local cmd
	cmd=$(listing_after 'Ten seconds without root' | tail -n 1)
	[[ $cmd == build/vrrp-watch* ]]
	cd "$TOP"
	PATH=$BUILD:$PATH run -0 --separate-stderr ${cmd#build/}
	[ "$output" = "$(listing_after 'compares what follows')" ]
}

@test "README.md has a configuration that passes its check" {
	listing_after '(90, say)' | grep -o "'[^']*'" | tr -d "'" | tail -n 2 >"$dir/web.conf"
	[ "$(wc -l <"$dir/web.conf")" -eq 2 ]
	run -0 vrrp-elect -t "$dir/web.conf"
	run -0 vrrp-elect -t "$TOP/share/examples/web.conf"
}

@test "README.md and viptools(7) have the statuses of lib/status.h" {
	local n
	for n in $(sed -n 's/.*STATUS_[A-Z]* = \([0-9]*\),/\1/p' "$TOP/lib/status.h"); do
		grep -q "^| $n |" "$TOP/README.md" || fail "README.md: no $n"
		grep -q "^\.It $n\$" "$TOP/man/viptools.7" || fail "viptools.7: no $n"
	done
}

@test "README.md names every command" {
	local c
	for c in "$TOP"/cmd/*; do
		c=${c##*/} c=${c%.c}
		grep -q "\b$c\b" "$TOP/README.md" || fail "no $c"
	done
}
