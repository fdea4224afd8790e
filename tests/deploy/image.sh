#!/usr/bin/env bash
# The images, built for real, and the main job done with what is in them. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/deploy/bootstrap.sh
source "$repo/tests/deploy/bootstrap.sh"
# shellcheck source=tests/deploy/container.sh
source "$repo/tests/deploy/container.sh"
# shellcheck source=tests/deploy/checks.sh
source "$repo/tests/deploy/checks.sh"
# shellcheck source=tests/deploy/image_checks.sh
source "$repo/tests/deploy/image_checks.sh"

usage() {
  cat <<'END'
Usage: tests/deploy/image.sh [--keep] [--help]

Builds both images of deploy/Dockerfile with buildah, on a base made by debootstrap as debian:13-slim is; looks at what they say
of themselves and at what they hold; then runs gateway and emulator from them as Kubernetes would (their user, no capability, a
root that cannot be written to) and takes a capture with the pcapctl that is in the image. Ends with "N passed, N failed".

  --keep   Leave base and images in build/image, and use them again next time: only what has changed is built anew.
  --help   This text.

Needs root. The first build takes ten minutes or more; ccache makes the next one faster.
END
}

readonly base=localhost/debian:13-slim
# What an image may add to its base: a node pulls it before a pod can start. Twice what Boost, gRPC and curl come to would say
# that something to build with has slipped in.
readonly most_mb=120
readonly left_out=(/usr/share/{doc,info,locale,man}) # Of debian:13-slim.

readonly built=$repo/build/image
readonly compiled=${XDG_CACHE_HOME:-~/.cache}/pcaps-gateway/image-ccache # What the compiler made, for the next build.
storage=(--root "$built/storage" --runroot "$built/run" --storage-driver overlay)
keep=false

clean() {
  end_all
  store umount --all >/dev/null || true
  store rm --all >/dev/null || true
  $keep || rm -rf --one-file-system "$built"
}

# The base, as the builder expects it: with debian:13-slim's CMD and PATH, which the images must replace or keep.
make_base() {
  local container tree=$built/tree
  ! store images --quiet "$base" >/dev/null 2>&1 || return 0
  bootstrap trixie "$tree"
  printf 'path-exclude %s/*\n' "${left_out[@]}" >"$tree/etc/dpkg/dpkg.cfg.d/slim"
  rm -rf "${left_out[@]/#/$tree}" "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/*
  container=$(store from scratch)
  logged "Importing it as $base" store add "$container" "$tree" /
  store config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  logged "Committing it" store commit --rm "$container" "$base"
}

# build_image TARGET. In chroot isolation a step of the build has the network and the resolver of this machine.
build_image() {
  mkdir -p "$compiled"
  logged "Building the image pcaps-$1" nice -n 10 buildah "${storage[@]}" build --isolation chroot --layers \
    --file "$repo/deploy/Dockerfile" --build-arg BASE="$base" --build-arg REVISION=of-a-test --build-arg LICENSES=none \
    --volume "$compiled:/root/.cache/ccache" --target "$1" --tag "pcaps-$1" "$repo"
}

main() {
  case ${1:-} in
    --keep) keep=true ;;
    --help) usage && exit 0 ;;
    '') ;;
    *) usage >&2 && exit 2 ;;
  esac
  use_log image
  ((EUID == 0)) || die "only root can build an image in chroot isolation"
  install_packages "${image_packages[@]}"
  version=$(sed -n 's/^project(pcaps_gateway VERSION \([0-9.]*\) .*/\1/p' "$repo/CMakeLists.txt")
  work=$(mktemp -d)
  trap clean EXIT
  $keep || rm -rf "$built"
  mkdir -p "$built"

  # vfs works anywhere, but copies a whole file system for each step: 20 GB in the end.
  store info >/dev/null 2>&1 || storage[5]=vfs

  make_base
  build_image gateway
  build_image emulator
  mkdir "$work/files" && chmod 755 "$work" # mktemp's is for its owner alone.
  unpack "$base"
  unpack pcaps-gateway
  unpack pcaps-emulator
  check_config pcaps-gateway '["/usr/local/bin/pcaps-gateway"] null' '{"50051/tcp":{},"8080/tcp":{}}'
  check_config pcaps-emulator '["/usr/local/bin/pcaps-emulator"] ["--listen","0.0.0.0:8080"]' '{"8080/tcp":{}}'
  check_content pcaps-gateway pcaps-gateway pcapctl
  check_content pcaps-emulator pcaps-emulator
  main_job
  closing_line
}

main "$@"
