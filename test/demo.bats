# The story of share/demo, told by three of it at once, and what is left of them.

load helper

setup_file() {
	need root nginx curl
	traces >"$BATS_FILE_TMPDIR/traces"
	for form in 2 -3 -6; do
		"$TOP/share/demo" ${form#2} >"$BATS_FILE_TMPDIR/$form" 2>&1 3>&- 4>&- &
		echo $! >"$BATS_FILE_TMPDIR/$form.pid"
	done
}

# What a demo could leave behind.
traces() {
	ip netns list
	ip -o link show type bridge
	ls /run /run/tmp
	pgrep -a 'nginx|vip-run|vrrp|garp|udp-probe|holders-log' || :
}

# told FORM: waits for the end of the story.
told() {
	story=$BATS_FILE_TMPDIR/$1
	eventually 100 gone "$(cat "$story.pid")"
	cat "$story"
	says "$story" 'All is gone again'
}

# outage WHAT MIN MAX: milliseconds of that part.
outage() {
	local ms
	ms=$(sed -n "s/^$1.* \([0-9]*\) ms .*/\1/p" "$story")
	echo "$1: $ms ms"
	[ "$ms" -ge "$2" ] && [ "$ms" -le "$3" ]
}

# well_told MS: what VRRP and its timers allow, and MS for what should be without a gap.
well_told() {
	outage 'A loses its power' 2500 3900
	outage 'A comes back' 0 "$1"
	outage "B's cable is pulled" 2500 3900
	outage "B's cable is back" 0 "$1"
	outage 'viptools on A is stopped' 0 "$1"
	outage 'viptools on A is started' 0 "$1"
	outage 'all of viptools on B is killed' 0 1500
	outage 'viptools on B is started' 0 "$1"
	outage 'split' 0 "$1"
	outage 'the split heals' 0 1000
}

@test "the demo keeps the client served by version 2 with a password" {
	told 2
	well_told 5
}

@test "the demo keeps the client served by version 3" {
	told -3
	well_told 5
}

@test "the demo keeps the client served by version 3 over IPv6" {
	told -6
	well_told 5
}

@test "the demo leaves nothing behind" {
	traces | diff "$BATS_FILE_TMPDIR/traces" -
}

@test "the demo leaves nothing behind when it is interrupted" {
	traces >"$dir/traces"
	spawn "$TOP/share/demo" >"$dir/out" 2>&1
	eventually 20 says "$dir/out" 'A has'
	[ -n "$(pgrep nginx)" ]
	kill -INT "$spawned"
	eventually 2 gone "$spawned"
	eventually 2 not pgrep 'nginx|vip-run|vrrp|udp-probe|holders-log'
	traces | diff "$dir/traces" -
}

@test "the demo tells one who is not root what it needs" {
	need root setpriv
	run -77 setpriv --reuid=65534 --clear-groups "$TOP/share/demo"
	[ "$output" = 'demo: not root' ]
	run -64 "$TOP/share/demo" -5
}
