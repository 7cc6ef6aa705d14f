_ipvs_set() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-d | --drain) mapfile -t COMPREPLY < <(compgen -W '10s 30s 1m 5m' -- "$cur") ;;
	-r | --repair) mapfile -t COMPREPLY < <(compgen -W '1s 5s 30s' -- "$cur") ;;
	-m | --min-servers) mapfile -t COMPREPLY < <(compgen -W '1 2 3' -- "$cur") ;;
	*)
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W '-d --drain -e --allow-empty -j -m --min-servers
			-n -r --repair -v -x --exclusive -h --help -V --version' -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		esac
		;;
	esac
}
complete -F _ipvs_set ipvs-set
