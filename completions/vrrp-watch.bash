_vrrp_watch() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-c) return ;;
	-r) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '-c -j -L -r -t -h --help -V --version' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$cur") ;;
	esac
}
complete -F _vrrp_watch vrrp-watch
