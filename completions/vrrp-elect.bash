_vrrp_elect() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-i) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$cur") ;;
	-n) mapfile -t COMPREPLY < <(compgen -W '2 3' -- "$cur") ;;
	-t | -T) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	-v | -p | -a) ;;
	*) mapfile -t COMPREPLY < <(compgen -W '-a -i -j -L -n -P -p -r --replay -t -T -v -h --help -V --version' -- "$cur") ;;
	esac
}
complete -F _vrrp_elect vrrp-elect
