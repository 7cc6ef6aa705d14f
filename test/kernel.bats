#!/usr/bin/env bats

load helper

@test "test/kernel -u: the folder, words, environment, output and exit status are the command's" {
	need root linux.uml modprobe
	mkdir "$dir/here"
	cd "$dir/here"
	WORD="it's" run --separate-stderr -7 "$TOP/test/kernel" -u sh -c '
		printf "%s|" "$@" "$WORD"
		pwd
		cat /proc/net/ip_vs >&2
		! touch /etc/trace 2>/dev/null || echo writes
		read -r line || echo end
		kill -TERM $$ & exit 7
	' - 'a  b' "c'd" '' '$x
y'
	[ "$output" = "a  b|c'd||\$x
y|it's|$dir/here
end" ]
	[[ $stderr == 'IP Virtual Server version'* ]]
	[ ! -e /etc/trace ]
}

@test "test/kernel ends a guest that takes too long, or when it is told to, and leaves nothing" {
	need root linux.uml modprobe
	mkdir "$dir/tmp"
	TMPDIR=$dir/tmp run -124 "$TOP/test/kernel" -u -t 2 sleep 100
	[[ $output == *'kernel: ended after 2 s without an answer' ]]
	[ -z "$(ls "$dir/tmp")" ]
	TMPDIR=$dir/tmp spawn "$TOP/test/kernel" -u sleep 100
	eventually 10 pgrep linux.uml
	kill -TERM "$spawned"
	eventually 5 gone "$spawned"
	[ -z "$(ls "$dir/tmp")" ]
	not pgrep linux.uml
}

@test "test/kernel exits 64 without a command" {
	run -64 "$TOP/test/kernel" -u
	run -64 "$TOP/test/kernel" -x true
}
