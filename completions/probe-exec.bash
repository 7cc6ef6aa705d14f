_probe_exec() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-c) mapfile -t COMPREPLY < <(compgen -W '1 2 3 10' -- "$cur") ;;
	-p) mapfile -t COMPREPLY < <(compgen -W '100ms 1s 2s 10s' -- "$cur") ;;
	-t) mapfile -t COMPREPLY < <(compgen -W '500ms 1s 2s 5s' -- "$cur") ;;
	-w) mapfile -t COMPREPLY < <(compgen -W '100ms 500ms 1s' -- "$cur") ;;
	*)
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W '-c -d -j -L -N -p -t -v -w -h --help -V --version' -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		esac
		;;
	esac
}
complete -F _probe_exec probe-exec
