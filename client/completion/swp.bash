# bash completion for swp. It needs nothing but bash; load it in ~/.bashrc:
#   source <(swp completion bash)

# `swp complete` prints what may follow, a line each with its description behind a tab, and a last line for other shells.
_swp() {
  local word="${COMP_WORDS[COMP_CWORD]}" line
  COMPREPLY=()
  while IFS= read -r line; do
    line="${line%%$'\t'*}"
    if [[ $line != :* && $line == "$word"* ]]; then COMPREPLY+=("$line"); fi
  done < <(swp complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
# Where nothing is suggested, a file may be meant.
complete -o default -F _swp swp
