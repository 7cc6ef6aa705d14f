_vip_run() {
	local cur=${COMP_WORDS[COMP_CWORD]} names
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '-n -t -h --help -V --version' -- "$cur") ;;
	*/*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*)
		names=$(find /etc/viptools -maxdepth 1 -name '*.conf' -printf '%f\n' 2>/dev/null)
		mapfile -t COMPREPLY < <(compgen -W "${names//.conf/}" -- "$cur")
		;;
	esac
}
complete -o filenames -F _vip_run vip-run
