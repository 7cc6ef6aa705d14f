_ipvs_get() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	mapfile -t COMPREPLY < <(compgen -W '-j -s -S -h --help -V --version' -- "$cur")
}
complete -F _ipvs_get ipvs-get
