/**
 * What a shell runs at each TAB. The scripts know nothing of mesozoo: they hand the words to `mesozoo __complete`,
 * whose first line says what the rest are, and whose other lines are candidates with their descriptions.
 */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const bash = `# mesozoo completion for bash. Try it: source <(mesozoo completion bash)
_mesozoo() {
  local line=\${COMP_LINE:0:COMP_POINT} directive= answer= breaks= skip=
  local full=\${line##*[[:space:]]} word=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  # Bash replaces only what stands after the last of its word breaks.
  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+==
  [[ -n $breaks ]] && skip=\${full%"\${full##*[$breaks]}"}
  word=\${full#"$skip"}
  while IFS= read -r answer; do
    if [[ -z $directive ]]; then
      directive=$answer
    else
      answer=\${answer%%$'\\t'*}
      COMPREPLY+=("\${answer#"$skip"}")
    fi
  done < <("\${COMP_WORDS[0]/#\\~/$HOME}" __complete --line "$line" 2>/dev/null)
  case $directive in
    words-open) compopt -o nospace ;;
    files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    directories) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    commands) mapfile -t COMPREPLY < <(compgen -c -- "$word") ;;
  esac
}
complete -F _mesozoo mesozoo
`;

const zsh = `#compdef mesozoo
# mesozoo completion for zsh. Try it: source <(mesozoo completion zsh)
_mesozoo() {
  local -a answer values shown more
  local directive line
  answer=("\${(@f)$("\${words[1]/#\\~/$HOME}" __complete -- "\${(@Q)words[1,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  directive=$answer[1]
  shift answer
  case $directive in
    files) _files; return ;;
    directories) _files -/; return ;;
    commands) _command_names -e; return ;;
    words-open) more=(-S '') ;;
  esac
  for line in $answer; do
    [[ -z $line ]] && continue
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done
  (( $#values )) && compadd -l -d shown $more -a values
}
if [[ $funcstack[1] == _mesozoo ]]; then _mesozoo "$@"; else compdef _mesozoo mesozoo; fi
`;

const fish = `# mesozoo completion for fish. Try it: mesozoo completion fish | source
function __mesozoo_complete
  set -l before (commandline -opc)
  set -l typed (commandline -ct)
  set -l answer ($before[1] __complete -- $before "$typed" 2>/dev/null)
  switch "$answer[1]"
    case files
      __fish_complete_path "$typed"
    case directories
      __fish_complete_directories "$typed"
    case commands
      complete -C "$typed"
    case '*'
      test (count $answer) -gt 1; and printf '%s\\n' $answer[2..-1]
  end
end
complete -c mesozoo -f -a '(__mesozoo_complete)'
`;

export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
