_garp() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-c | -i | -r) return ;;
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '-c -i -j -L -r -h --help -V --version' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$cur") ;;
	esac
}
complete -F _garp garp
