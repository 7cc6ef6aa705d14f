_pool_elect() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-t | -T) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W '-j -r --replay -t -T -h --help -V --version' -- "$cur") ;;
	esac
}
complete -F _pool_elect pool-elect
