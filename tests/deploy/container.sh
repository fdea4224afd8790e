# Runs the programs of an image as Kubernetes would, without an engine: in its file system, which they cannot write to, as its
# user, without a capability or a way to get one, in a process namespace of their own. The network is this machine's.
# Sourced after deploy/lib.sh, never run. Set `storage` to the options that tell buildah where its images are, and `work` as for
# start.
# shellcheck shell=bash disable=SC2154,SC2034

declare -A containers=() # By image: the directory that its file system is in.
declare -A wrappers=() # By name: the process that waits for the container and has its exit code.

store() { buildah "${storage[@]}" "$@"; }

# config IMAGE FILTER: of what an image tells the one that runs it; jq's filter of the OCI configuration.
config() { store inspect --type image "$1" | jq --raw-output --compact-output ".OCIv1.config$2"; }

# unpack IMAGE: once, with a directory for the configuration, as an engine makes it for a mount.
unpack() {
  local root
  root=$(store mount "$(store from "$1")")
  mkdir -p "$root/etc/pcaps-gateway"
  containers[$1]=$root
}

# in_image IMAGE COMMAND...: as the image's user, in its environment; $work/files is at /etc/pcaps-gateway. Takes the place of the
# shell that calls it: for the background, and for $(...).
in_image() {
  local image=$1 user
  local -a environment
  shift
  user=$(config "$image" .User)
  mapfile -t environment < <(config "$image" '.Env[]')
  # shellcheck disable=SC2016 # The inner shell's variables.
  exec unshare --mount --pid --fork --propagation private -- bash -euc '
    root=$1 files=$2
    shift 2
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --bind "$files" "$root/etc/pcaps-gateway"
    mount -o remount,bind,ro "$root/etc/pcaps-gateway"
    mount -o remount,bind,ro "$root"
    exec chroot "$root" "$@"' in_image "${containers[$image]}" "$work/files" \
    setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \
    env --ignore-environment "${environment[@]}" "$@"
}

# process_one PID: prints which child of it is process 1 of its own namespace, once there is one.
process_one() {
  local child
  for child in $(<"/proc/$1/task/$1/children"); do
    if grep --quiet --perl-regexp '^NSpid:.*\t1$' "/proc/$child/status"; then echo "$child" && return 0; fi
  done
  return 1
}

# run_image NAME IMAGE ARGUMENT...: its entry point as process 1, in the background, as start does.
run_image() {
  local name=$1 image=$2 child
  local -a entrypoint
  shift 2
  mapfile -t entrypoint < <(config "$image" '.Entrypoint[]')
  start "$name" in_image "$image" "${entrypoint[@]}" "$@"
  wrappers[$name]=${pids[-1]}
  until child=$(process_one "${pids[-1]}" 2>/dev/null); do
    kill -0 "${pids[-1]}" || die "$name did not start: $(cat "$work/$name.log")"
    sleep 0.05
  done
  pids[-1]=$child
}

# end_image NAME SECONDS: asks the container started last to end; sets `code` to its exit code.
end_image() {
  code=0
  kill -TERM "${pids[-1]}"
  timeout "$2" tail --pid="${wrappers[$1]}" --sleep-interval=0.1 -f /dev/null || kill -KILL "${wrappers[$1]}"
  wait "${wrappers[$1]}" || code=$?
}
