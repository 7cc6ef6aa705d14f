_vip_up() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-l) mapfile -t COMPREPLY < <(compgen -W '3s 5s 10s 30s' -- "$cur") ;;
	*)
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W '-j -L -l -q --quiet -h --help -V --version' -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$cur") ;;
		esac
		;;
	esac
}
complete -F _vip_up vip-up
