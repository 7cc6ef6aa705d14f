#!/usr/bin/env bats
# The language of records and the rules of a filter, shown by vrrp-elect, which passes on all
# that does not concern it. None of it needs root.

load helper

# through: what a filter makes of standard input.
through() {
	vrrp-elect -r "$@" 2>"$dir/err"
}

bytes() {
	printf "$@" | through
}

@test "a filter passes unknown kinds on as they are" {
	run -0 bytes 'spam 1 2 a=b c\nx-1 %%41 q=1\n'
	[ "$output" = $'spam 1 2 a=b c\nx-1 A q=1' ]
}

@test "a filter drops blank lines and comments" {
	run -0 bytes '\n  \n# x\n  # y\nspam 1\n'
	[ "$output" = 'spam 1' ]
}

@test "a filter prints quoted values in one plain word" {
	run -0 bytes 'spam cmd="pidof nginx" b="" c="100%%25" d="a=b"\n'
	[ "$output" = 'spam cmd=pidof%20nginx b= c=100%25 d=a=b' ]
}

@test "a filter folds blanks and takes a last line without its end" {
	run -0 bytes '\tspam   1\t a=b  '
	[ "$output" = 'spam 1 a=b' ]
}

@test "a filter writes octets outside ASCII as percent codes" {
	run -0 bytes 'spam name="Zo\303\253"\n'
	[ "$output" = 'spam name=Zo%C3%AB' ]
}

@test "a filter executes nothing of what it is sent" {
	touch "$dir/canary"
	run -0 bytes 'spam $(rm -f %s/canary) `reboot` ; -rf a="$(reboot)" b=`x`\n' "$dir"
	[ "$output" = "spam \$(rm -f $dir/canary) \`reboot\` ; -rf a=\$(reboot) b=\`x\`" ] ||
	    [[ $output == error* ]]
	[ -e "$dir/canary" ]
}

@test "a filter refuses what is no record, says why, and loses nothing else" {
	for bad in 'spam a=%4' 'spam a=%zz' 'spam a=%00' 'Spam x' '=x' 'spam a="b' 'spam a="b"c' \
	    'spam "a"' '9x'; do
		run -65 bytes 'good 1\n%s\ngood 2\n' "$bad"
		[ "${#lines[@]}" -eq 3 ] || fail "$bad: $output"
		[ "${lines[0]}" = 'good 1' ]
		[[ ${lines[1]} == 'error vrrp-elect object='*' reason='* ]]
		[ "${lines[2]}" = 'good 2' ]
		[ -s "$dir/err" ]
	done
}

@test "a filter refuses a zero octet and control octets" {
	run -65 bytes 'good 1\nspam a\000b\nspam \033[2J\ngood 2\n'
	[ "${lines[0]}" = 'good 1' ]
	[ "${lines[-1]}" = 'good 2' ]
	not grep -q '[^ -~]' <<<"${lines[1]}"
	not grep -q '[^ -~]' "$dir/err"
}

@test "a filter drops a line of 1 MB and goes on" {
	run -65 through < <(echo good 1; head -c 1000000 /dev/zero | tr '\0' x; echo; echo good 2)
	[ "${lines[0]}" = 'good 1' ]
	[[ ${lines[1]} == 'error vrrp-elect object=input reason=longer%20than%204096%20octets' ]]
	[ "${lines[2]}" = 'good 2' ]
	[ "${#lines[@]}" -eq 3 ]
}

@test "a record has 4096 octets at the most" {
	run -0 through < <(printf 'spam a=%04087d\n' 0)
	[ "${#output}" -eq 4094 ]
	run -0 through < <(printf 'spam a=%04088d\n' 0)
	[ "${#output}" -eq 4095 ]
	run -65 through < <(printf 'spam a=%04089d\n' 0)
	[[ $output == error* ]]
}

@test "a filter says one error per reason in 10 s" {
	run -65 through < <(for i in $(seq 1000); do echo 'spam a=%4'; done)
	[ "${#lines[@]}" -eq 1 ]
	[ "$(wc -l <"$dir/err")" -eq 1 ]
}

@test "a filter with -j prints one JSON object a line" {
	run -0 through -j <<-'END'
		link eth0 up ip=192.0.2.1 mtu=1500 t=1.500000
		spam one self vrid=7 t=0001 addresses=192.0.2.1,192.0.2.3
	END
	[ "${lines[0]}" = '{"kind":"link","if":"eth0","state":"up","ip":"192.0.2.1","mtu":1500,"t":1.500000}' ]
	[ "${lines[1]}" = '{"kind":"spam","operand1":"one","operand2":"self","vrid":7,"t":"0001","addresses":["192.0.2.1","192.0.2.3"]}' ]
	run -0 through -j < <(printf 'spam one x="a\\b" y=\303\253\nvip web 192.0.2.1/24 up dev=eth0\n')
	python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)' <<<"$output"
}

# --- the filter's life --------------------------------------------------------------------------

@test "a filter ends when its reader has gone, though nothing is to be written" {
	mkfifo "$dir/in" "$dir/out"
	spawn sh -c 'exec vrrp-elect <"$1" >"$2"' sh "$dir/in" "$dir/out"
	exec 9>"$dir/in" 8<"$dir/out"
	is_running "$spawned"
	exec 8<&-
	eventually 1 gone "$spawned"
	exec 9>&-
}

@test "a filter ends when its reader has taken nothing for 2 s" {
	mkfifo "$dir/in" "$dir/out"
	spawn sh -c 'exec vrrp-elect <"$1" >"$2"' sh "$dir/in" "$dir/out"
	exec 9>"$dir/in" 8<"$dir/out"
	local start
	start=$(now)
	echo spam >&9
	eventually 4 gone "$spawned"
	[ $(($(now) - start)) -ge 2000000 ]
	exec 9>&- 8<&-
}

@test "a filter whose reader is slow but reads goes on" {
	mkfifo "$dir/in" "$dir/out"
	spawn sh -c 'exec vrrp-elect <"$1" >"$2"' sh "$dir/in" "$dir/out"
	exec 9>"$dir/in" 8<"$dir/out"
	for i in $(seq 30); do
		printf 'spam %d\nspam %d\n' "$i" "$i" >&9
		read -r line <&8
		sleep 0.1
	done
	is_running "$spawned"
	exec 9>&- 8<&-
	eventually gone "$spawned"
}

@test "a filter whose output cannot be written exits 74" {
	run -74 sh -c 'echo spam 1 | vrrp-elect >/dev/full'
	[[ $output == *'standard output: No space left on device'* ]]
}

@test "a filter never cuts a record, though several write to one pipe" {
	mkfifo "$dir/out"
	sort -u <"$dir/out" >"$dir/sorted" &
	local reader=$! writers=()
	exec 8>"$dir/out"
	for w in 1 2 3 4; do
		yes "spam $w $(printf '%0300d' 0)" | head -n 5000 | vrrp-elect >&8 3>&- 4>&- &
		writers+=($!)
	done
	exec 8>&-
	wait "${writers[@]}" "$reader"
	[ "$(wc -l <"$dir/sorted")" -eq 4 ]
}

@test "a filter holds back its input, not its memory, while its reader rests" {
	mkfifo "$dir/out"
	exec 8<>"$dir/out"
	yes 'spam 1 2 3 4 5 6 7 8 9' | head -n 400000 | vrrp-elect >"$dir/out" 8<&- 3>&- 4>&- &
	local filter=$!
	exec 7<"$dir/out" 8<&-
	sleep 0.1
	sanitized || [ "$(awk '/VmRSS/ { print $2 }' "/proc/$filter/status")" -lt 8000 ]
	[ "$(wc -l <&7)" -eq 400000 ]
	exec 7<&-
}
