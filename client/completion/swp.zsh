#compdef swp
# zsh completion for swp. Load it in ~/.zshrc, or put it into a directory of your fpath as _swp:
#   source <(swp completion zsh)

# `swp complete` prints what may follow, a line each with its description behind a tab, and a last line for other shells.
_swp() {
  local -a found
  local line
  for line in "${(@f)$(swp complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ -n $line && $line != :* ]]; then found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}"); fi
  done
  # Where nothing is suggested, a file may be meant.
  _describe swp found || _files
}

if [[ ${funcstack[1]} == _swp ]]; then
  _swp "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _swp swp
fi
