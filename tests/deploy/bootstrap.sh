# Makes minimal Debians to try things on. Sourced after deploy/lib.sh, never run; needs root and chroot_packages.
# shellcheck shell=bash

# The archive that this machine's own packages come from.
mirror() {
  # shellcheck disable=SC2016 # apt's variables.
  apt-get indextargets --format '$(COMPONENT) $(REPO_URI)' 'Origin: Debian' 'Created-By: Packages' |
    sed -n '/security/d; s/^main //p' | head -n 1
}

# bootstrap SUITE DIRECTORY: unless it is there.
bootstrap() {
  local from
  [[ ! -f $2/etc/debian_version ]] || return 0
  from=$(mirror)
  [[ -n $from ]] || die "apt has no list of a Debian archive here; run apt-get update"
  mkdir -p "$2"
  logged "Making a minimal Debian $1 in $2" debootstrap --variant=minbase "$1" "$2" "$from"
}
