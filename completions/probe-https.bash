_probe_https() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-c) mapfile -t COMPREPLY < <(compgen -W '1 2 3 10' -- "$cur") ;;
	-p) mapfile -t COMPREPLY < <(compgen -W '100ms 1s 2s 10s' -- "$cur") ;;
	-t) mapfile -t COMPREPLY < <(compgen -W '500ms 1s 2s 5s' -- "$cur") ;;
	-w) mapfile -t COMPREPLY < <(compgen -W '100ms 500ms 1s' -- "$cur") ;;
	-X) mapfile -t COMPREPLY < <(compgen -W 'GET HEAD OPTIONS POST' -- "$cur") ;;
	-a | -E | -K) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	-i) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$cur") ;;
	-b | -C | -e | -H | -m | -n | -r | -S | -s | -T) COMPREPLY=() ;;
	*) mapfile -t COMPREPLY < <(compgen -W '-0 -a -b -C -c -E -e -H -i -j -K -k -L -M -m -N -n -p -r -S -s -T -t -v -w -X -h --help -V --version' -- "$cur") ;;
	esac
}
complete -F _probe_https probe-https
