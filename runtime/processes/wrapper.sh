#!/bin/sh
# The little shell that stands between the agent and a command. It is started outside of the agent's session, so it
# survives the agent, and writes down how the command ended, whoever is there to read it.
#
#   wrapper.sh RUN BOOT FILES BLOCKS KIB COMMAND...
#
# RUN is the run's directory, in which it makes
#   candidate   boot id and /proc/self/stat of the process that becomes the command; whole before `started` exists
#   started     made with O_EXCL: from here on the command counts as started. The agent makes a *directory* of this
#               name to make sure that a run which has not come so far never will (runs.ts).
#   exit        exit status and newline, once the command has ended; without the newline it is not there yet
# BOOT is the id of this start of the machine; FILES, BLOCKS (of 512 bytes) and KIB are limits, or empty.
#
# The process that notes itself in `candidate` is the one that becomes the command (`exec`), so no process can run
# unnoted, and its pid and start time stay. COMMAND begins with `setsid`: it gets a session and a process group of its
# own, where signals for the command do not reach this wrapper. Descriptors: 3 and 4 are the command's stdout and
# stderr; 5 tells the agent that is waiting now either "S" and the stat line, or what went wrong.
#
# COMMAND is only ever arguments. Nothing is kept but in positional parameters and one variable of an unlikely name,
# since the environment is the command's own. The subshell is not sent to the background: shells make background jobs
# ignore SIGINT and SIGQUIT, and the command would inherit that.
#
# As in every shell an exit status of 128 + n stands for signal n, even where the command itself chose that number.

trap '' HUP INT TERM QUIT
(
  trap - HUP INT TERM QUIT
  exec 2>&5
  [ -z "$3" ] || ulimit -n "$3" || exit 125
  [ -z "$4" ] || ulimit -f "$4" || exit 125
  [ -z "$5" ] || ulimit -v "$5" || exit 125
  IFS= read -r _mesozoo_stat </proc/self/stat || exit 125
  printf '%s %s\n' "$2" "$_mesozoo_stat" >"$1/candidate" || exit 125
  set -C
  : >"$1/started" || exit 125
  set +C
  # From here on the agent may be gone: the command is started all the same.
  trap '' PIPE
  printf 'S%s\n' "$_mesozoo_stat" >&5
  trap - PIPE
  shift 5
  exec >&3 2>&4 3>&- 4>&- 5>&-
  exec "$@"
)
set -- "$1" "$?"
[ -f "$1/started" ] && printf '%s\n' "$2" >"$1/exit"
