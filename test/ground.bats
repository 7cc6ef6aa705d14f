#!/usr/bin/env bats

load helper

@test "the harness joins hosts over IPv4, IPv6 and link-local addresses" {
	hosts a c
	answer a
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
	answer a
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
	answer a
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

# --- the commands -----------------------------------------------------------------------------

commands() {
	for c in "$TOP"/cmd/*; do
		c=${c##*/}
		case $c in *.h) ;; *) printf '%s\n' "${c%.c}" ;; esac
	done
}

# complain LINE...: a finding; the test goes on and finds the others.
complain() {
	printf '%s\n' "$@" >>"$dir/complaints"
}

no_complaints() {
	[ ! -s "$dir/complaints" ] || fail "$(cat "$dir/complaints")"
}

# synopsis_of COMMAND, synopsis_in PAGE: one line, single spaces.
synopsis_of() {
	"$1" --help | sed -n '1s/^usage: //; /^$/q; p' | xargs
}

synopsis_in() {
	mandoc -T ascii "$1" | col -bx |
	    sed -n '/^SYNOPSIS/,/^[A-Z][A-Z]/{ /^[A-Z][A-Z]/d; s/ \.\.\./.../g; p; }' | xargs
}

# options_of COMMAND: the letters that --help explains.
options_of() {
	"$1" --help | sed -n '/^  *-/{ s/^  *-\(.\).*/\1/p; }' | sort -u
}

@test "every command has a page, completions and a test" {
	for c in $(commands); do
		for f in "man/$c.8" "completions/$c.bash" "completions/_$c" \
		    "completions/$c.fish" "test/$c.bats"; do
			[ -s "$TOP/$f" ] || complain "no $f"
		done
		[ -x "$BUILD/$c" ] || complain "$c is not built"
	done
	no_complaints
}

@test "no page, completion or test is left of a command that is gone" {
	for f in "$TOP"/man/*.8 "$TOP"/completions/*; do
		c=${f##*/} c=${c#_} c=${c%.*}
		commands | grep -qx -e "$c" || complain "$f is of no command"
	done
	no_complaints
}

@test "every command says its usage on -h and --help, its version on -V and --version" {
	version=$(sed -n 's/^version = //p' "$TOP/Makefile")
	for c in $(commands); do
		for option in -h --help; do
			run -0 --separate-stderr "$c" $option </dev/null
			[[ $output == "usage: $c"* && -z $stderr ]] || complain "$c $option: $output"
		done
		for option in -V --version; do
			run -0 --separate-stderr "$c" $option </dev/null
			[[ $output == "$c (viptools) $version" && -z $stderr ]] ||
			    complain "$c $option: $output"
		done
	done
	no_complaints
}

@test "every command exits 64 for an option it does not have, and names itself" {
	for c in $(commands); do
		run --separate-stderr "$c" --no-such-option </dev/null
		[ "$status" -eq 64 ] || complain "$c: exit $status"
		[[ -z $output && $stderr == *"$c"* ]] || complain "$c: $output $stderr"
	done
	no_complaints
}

@test "every command exits 74 when its version cannot be written" {
	for c in $(commands); do
		run sh -c '"$1" -V >/dev/full' - "$c"
		[ "$status" -eq 74 ] || complain "$c: exit $status"
	done
	no_complaints
}

@test "every page's SYNOPSIS is the usage of its command" {
	need mandoc col
	for c in $(commands); do
		a=$(synopsis_of "$c") b=$(synopsis_in "$TOP/man/$c.8")
		[ "$a" = "$b" ] || complain "$c: usage: $a" "$c: page:  $b"
	done
	no_complaints
}

@test "every option of a command is in its page and its completions" {
	for c in $(commands); do
		options=$(options_of "$c")
		[ -n "$options" ] || complain "$c --help explains no option"
		for o in $options; do
			grep -q "^\.It Fl $o\b" "$TOP/man/$c.8" || complain "man/$c.8: no -$o"
			grep -q -e "-$o\b" "$TOP/completions/$c.bash" ||
			    complain "completions/$c.bash: no -$o"
			grep -q -e "-$o\b" "$TOP/completions/_$c" || complain "completions/_$c: no -$o"
			grep -q -e "-s $o\b" "$TOP/completions/$c.fish" ||
			    complain "completions/$c.fish: no -$o"
		done
	done
	no_complaints
}

@test "bash completes every command" {
	for c in $(commands); do
		run bash -c '. "$1" && complete -p "$2"' - "$TOP/completions/$c.bash" "$c"
		[ "$status" -eq 0 ] || complain "$output"
	done
	no_complaints
}

@test "zsh reads the completions of every command" {
	need zsh
	for c in $(commands); do
		zsh -n "$TOP/completions/_$c" || complain "_$c"
		read -r first <"$TOP/completions/_$c"
		[ "$first" = "#compdef $c" ] || complain "_$c: $first"
	done
	no_complaints
}

@test "fish completes the options of every command" {
	need fish
	for c in $(commands); do
		run env HOME="$dir" fish -c "source $TOP/completions/$c.fish; complete -C '$c -'"
		[[ $status -eq 0 && $output == *--help* ]] || complain "$c.fish: $output"
	done
	no_complaints
}

# --- the Makefile -----------------------------------------------------------------------------

@test "make install puts every command, page and completion below DESTDIR; uninstall takes all" {
	set -- make -s -C "$TOP" build="$BUILD" prefix=/usr DESTDIR="$dir/root"
	"$@" install
	touch "$dir/root/usr/sbin/other"
	for c in $(commands); do
		run -0 "$dir/root/usr/sbin/$c" -V
		for f in "man/man8/$c.8" "bash-completion/completions/$c" \
		    "zsh/site-functions/_$c" "fish/vendor_completions.d/$c.fish"; do
			[ "$(stat -c %a "$dir/root/usr/share/$f")" = 644 ] || complain "$f"
		done
	done
	for f in "$TOP"/man/*.[57] "$TOP"/share/{examples,hooks,sysctl,systemd}/*; do
		[ ! -e "$f" ] || find "$dir/root" -name "${f##*/}" | grep -q . || complain "$f"
	done
	"$@" uninstall
	[ "$(find "$dir/root" ! -type d)" = "$dir/root/usr/sbin/other" ] ||
	    complain "$(find "$dir/root" ! -type d)"
	no_complaints
}

@test "make leaves CC, CFLAGS, CPPFLAGS and LDFLAGS to the user" {
	make -n -C "$TOP" build="$dir/build" CC=mycc CFLAGS=-mycflag CPPFLAGS=-mycppflag \
	    LDFLAGS=-myldflag all | grep '^mycc ' >"$dir/lines"
	all=$(wc -l <"$dir/lines") compiled=$(grep -c ' -c ' "$dir/lines")
	[ "$compiled" -gt 10 ]
	[ "$(grep -c -e -mycflag "$dir/lines")" -eq "$all" ]
	[ "$(grep -c -e -mycppflag "$dir/lines")" -eq "$compiled" ]
	[ "$(grep -c -e -myldflag "$dir/lines")" -eq $((all - compiled)) ]
	[ "$(grep -c -e '-std=c17.* -Wall' "$dir/lines")" -eq "$compiled" ]
	not grep -q -e ' -O2' -e ' -g ' "$dir/lines"
}

# --- what deps installs -----------------------------------------------------------------------

# A system folder in which the archive's tool is a stub that enables a service as packages do.
stub_system() {
	[ "${VIPTOOLS_PRIVATE:-}" = yes ] || lacking 'root and test/run'
	mkdir "$dir/bin"
	cat >"$dir/bin/apt-get" <<-'END'
		#!/bin/sh
		echo "$*" >>"$CALLS"
		case $* in
		*install*)
			/usr/sbin/policy-rc.d nginx start
			echo "policy $?" >>"$CALLS"
			mkdir -p /etc/systemd/system/new.target.wants
			ln -s /x /etc/systemd/system/new.target.wants/new.service
			ln -s /x /etc/systemd/system/multi-user.target.wants/new.service
			ln -s /x /etc/rc2.d/S01new
			ln -s /x /etc/systemd/system/empty.wants/new.service
			mv /etc/rc2.d/S01old /etc/rc2.d/S02old
			;;
		esac
	END
	chmod +x "$dir/bin/apt-get"
	CALLS=$dir/calls
	export CALLS
	: >"$CALLS"
	cat >"$dir/inside" <<-'END'
		mount -t tmpfs tmpfs /usr/sbin
		mount -t tmpfs tmpfs /etc
		mkdir -p /etc/rc2.d /etc/systemd/system/multi-user.target.wants \
		    /etc/systemd/system/empty.wants
		ln -s /x /etc/systemd/system/multi-user.target.wants/old.service
		ln -s /x /etc/rc2.d/S01old
		[ -z "$POLICY" ] || { echo "$POLICY" >/usr/sbin/policy-rc.d; chmod 750 /usr/sbin/policy-rc.d; }
		"$@"
		status=$?
		find /etc/rc2.d /etc/systemd/system -mindepth 1 | sed 's,.*/,,' | sort | xargs
		stat -c %a /usr/sbin/policy-rc.d 2>/dev/null && cat /usr/sbin/policy-rc.d
		exit $status
	END
}

stubbed() {
	PATH=$dir/bin:$PATH unshare -m sh "$dir/inside" "$TOP/share/deps/install" "$@"
}

@test "deps starts and enables nothing, and leaves no policy behind" {
	stub_system
	printf 'bash\nno-such-package\n' >"$dir/list"
	POLICY='' run -0 --separate-stderr stubbed "$dir/list"
	[ "$output" = 'S02old empty.wants multi-user.target.wants old.service' ]
	grep -q 'install --no-install-recommends no-such-package$' "$CALLS"
	grep -qx 'policy 101' "$CALLS"
	[[ $stderr == *'left disabled: new'* ]]
}

@test "deps puts back the policy that was there, also when the installation fails" {
	stub_system
	echo 'exit 100' >>"$dir/bin/apt-get"
	echo no-such-package >"$dir/list"
	POLICY='#!/bin/true' run -100 --separate-stderr stubbed "$dir/list"
	[ "${lines[1]}" = 750 ]
	[ "${lines[2]}" = '#!/bin/true' ]
}

@test "deps does nothing where all is installed" {
	stub_system
	printf 'bash\n\ncoreutils\n' >"$dir/list"
	POLICY='' run -0 stubbed "$dir/list"
	[ "$output" = 'S01old empty.wants multi-user.target.wants old.service' ]
	[ ! -s "$CALLS" ]
}

@test "deps names what is missing to one who is not root, and a list that it cannot read" {
	need root setpriv
	list=$(mktemp)
	echo no-such-package >"$list"
	run -66 setpriv --reuid=65534 --clear-groups "$TOP/share/deps/install" "$list"
	chmod 644 "$list"
	run -77 setpriv --reuid=65534 --clear-groups "$TOP/share/deps/install" "$list"
	[[ $output == *no-such-package* ]]
	rm "$list"
}
