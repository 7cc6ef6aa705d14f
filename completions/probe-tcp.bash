_probe_tcp() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-c) mapfile -t COMPREPLY < <(compgen -W '1 2 3 10' -- "$cur") ;;
	-i) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$cur") ;;
	-p) mapfile -t COMPREPLY < <(compgen -W '100ms 1s 2s 10s' -- "$cur") ;;
	-t) mapfile -t COMPREPLY < <(compgen -W '500ms 1s 2s 5s' -- "$cur") ;;
	-w) mapfile -t COMPREPLY < <(compgen -W '100ms 500ms 1s' -- "$cur") ;;
	-C | -m | -s) COMPREPLY=() ;;
	*) mapfile -t COMPREPLY < <(compgen -W '-C -c -i -j -L -M -m -N -p -s -t -v -w -h --help -V --version' -- "$cur") ;;
	esac
}
complete -F _probe_tcp probe-tcp
