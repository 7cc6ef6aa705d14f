_vip_down() {
	local cur=${COMP_WORDS[COMP_CWORD]} dev=${COMP_WORDS[1]} words
	case $cur in
	-*) words='-a --all -q --quiet -h --help -V --version' ;;
	*)
		if [ "$COMP_CWORD" -eq 1 ]; then
			words=$(cd /sys/class/net && echo *)
		else
			words=$(ip -o address show dev "$dev" 2>/dev/null | awk '{ print $4 }')
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _vip_down vip-down
