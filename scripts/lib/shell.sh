# Sourced by the scripts beside this folder: how they talk. Colour only for people.
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' reset=$'\e[0m'
else
  bold='' dim='' red='' green='' reset=''
fi

step() { printf '%s==>%s %s\n' "$bold" "$reset" "$*"; }

die() {
  printf '%serror:%s %s\n' "$red" "$reset" "$*" >&2
  exit 1
}

# run_logged <log file> <command...>: on a terminal the last line of output
# follows along; when it fails, the end of the log is shown.
run_logged() {
  local log=$1 status
  shift
  if [[ -t 1 ]]; then
    "$@" 2>&1 | tee "$log" | while IFS= read -r line; do printf '\r\e[K%s%.*s%s' "$dim" "$(($(tput cols 2>/dev/null || echo 80) - 1))" "$line" "$reset"; done
    status=${PIPESTATUS[0]}
    printf '\r\e[K'
  else
    "$@" > "$log" 2>&1
    status=$?
  fi
  if [[ $status -ne 0 ]]; then
    tail -n 40 "$log" >&2
    printf '%serror:%s %s failed; all of its output: %s\n' "$red" "$reset" "$1" "$log" >&2
  fi
  return "$status"
}

# configure_and_build <preset> <target...>: into build/<preset>, without targets everything.
configure_and_build() {
  local preset=$1 folder=build/$1
  shift
  mkdir -p "$folder"
  step "configure and build ($preset)"
  run_logged "$folder/configure.log" cmake --preset "$preset" || return 1
  run_logged "$folder/build.log" ninja -C "$folder" -j "$(nproc)" "$@"
}
