#!/usr/bin/env bash
# The two commands of the README, on a Debian that has nothing yet. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/deploy/bootstrap.sh
source "$repo/tests/deploy/bootstrap.sh"

usage() {
  cat <<'END'
Usage: tests/deploy/debian.sh 12|13 [--keep] [-- COMMAND...]

Makes a minimal Debian of that release in build/debian-N, copies the tracked files of this tree into it as they are now, and runs
there, as a newcomer would, deploy/run.sh, tests/run.sh --require-all, and deploy/run.sh once more; or COMMAND, in the copy of the
tree. The exit code is that of the first command that fails.

  --keep   Leave the directory, and use it again next time: only the tracked files are copied anew.
  --help   This text.

Needs root. Mounts and processes are in namespaces of their own and end with the script. Packages come from where apt, pip, npm and go
get them on this machine.
END
}

readonly home=/root/pcaps-gateway # The copy of the tree, in the chroot.
declare -rA suites=([12]=bookworm [13]=trixie)
# How this machine reaches its package registries, where it has to be told.
readonly settings=(/etc/resolv.conf /etc/hosts /etc/pip.conf /root/.config/pip/pip.conf /root/.npmrc /root/.config/go/env)
readonly authorities=/etc/ssl/certs/ca-certificates.crt # Those this machine trusts: a proxy of its own among them, maybe.

release=
keep=false
command=()

parse_options() {
  while (($# > 0)); do
    case $1 in
      12 | 13) release=$1 ;;
      --keep) keep=true ;;
      --help) usage && exit 0 ;;
      --)
        command=("${@:2}")
        break
        ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  [[ -n $release ]] || { usage >&2 && exit 2; }
}

copy_settings() {
  local file
  for file in "${settings[@]}"; do
    if [[ -f $file ]]; then install -D --mode=644 "$file" "$root$file"; fi
  done
  install -D --mode=644 "$authorities" "$root/root/authorities.pem"
}

# What is tracked no more goes; what was built there stays. A file that is the same keeps its time; another one gets a new one,
# for its own may be from before the last build here.
copy_tree() {
  local file
  mkdir -p "$root$home"
  comm -z -13 <(git -C "$repo" ls-files -z | sort -z) \
    <(find "$root$home" -path "$root$home/build" -prune -o -type f -printf '%P\0' | sort -z) |
    (cd "$root$home" && xargs -0 --no-run-if-empty rm --)
  while IFS= read -r -d '' file; do
    cmp --silent "$repo/$file" "$root$home/$file" ||
      install -D --no-target-directory "$repo/$file" "$root$home/$file"
    chmod --reference="$repo/$file" "$root$home/$file"
  done < <(git -C "$repo" ls-files -z)
}

# inside COMMAND...: as the chroot's root, in the copy of the tree, with nothing of our environment.
inside() {
  # shellcheck disable=SC2016 # The inner shell's variables.
  unshare --mount --pid --fork --kill-child --propagation private -- bash -c '
    root=$1
    shift
    mount --rbind /dev "$root/dev" && mount --rbind /sys "$root/sys" && mount -t proc proc "$root/proc" &&
      exec chroot "$root" "$@"' inside "$root" \
    env --ignore-environment --chdir="$home" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LANG=C.UTF-8 SSL_CERT_FILE=/root/authorities.pem PIP_CERT=/root/authorities.pem \
    NODE_EXTRA_CA_CERTS=/root/authorities.pem "$@"
}

main() {
  parse_options "$@"
  use_log "debian-$release"
  ((EUID == 0)) || die "only root can make a chroot"
  install_packages "${chroot_packages[@]}"
  root=$repo/build/debian-$release
  if ! $keep; then
    rm -rf --one-file-system "$root"
    trap 'rm -rf --one-file-system "$root"' EXIT
  fi
  bootstrap "${suites[$release]}" "$root"
  copy_settings
  copy_tree

  if ((${#command[@]} > 0)); then
    inside "${command[@]}"
    return
  fi
  say "deploy/run.sh on Debian $release"
  inside deploy/run.sh
  say "tests/run.sh on Debian $release"
  inside tests/run.sh --require-all
  say "deploy/run.sh again"
  inside deploy/run.sh
}

main "$@"
