_vrrp_advert() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-i) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$cur") ;;
	-k) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	-n) mapfile -t COMPREPLY < <(compgen -W '2 3' -- "$cur") ;;
	-x) mapfile -t COMPREPLY < <(compgen -W 'rfc9568 pseudo' -- "$cur") ;;
	-a | -c | -p | -s | -v) ;;
	*) mapfile -t COMPREPLY < <(compgen -W '-a -c -i -j -k -L -n -p -s -v -x -h --help -V --version' -- "$cur") ;;
	esac
}
complete -F _vrrp_advert vrrp-advert
